#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# KUnit tests of the abstractions, in a module variant that contains them.
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

NOLOAD=1

suites_pass() {
	module=$VARIANTS/tsoffset-kunit.ko
	[ -e "$module" ] || return "$KSFT_SKIP"
	mark_log
	insmod "$module"
	rmmod tsoffset
	dmesg | sed "1,/$MARK/d; s/^\[[^]]*\] //" | grep -E '^ *(# |not ok |ok |KTAP |[0-9]+\.\.)' > /tmp/kunit
	sed 's/^/# /' /tmp/kunit
	if grep -q 'not ok' /tmp/kunit; then return 1; fi
	planned=$(sed -n 's/^1\.\.//p' /tmp/kunit)
	[ "$planned" -gt 0 ] && [ "$(grep -c '^ok ' /tmp/kunit)" -eq "$planned" ]
}

run_checks suites_pass
