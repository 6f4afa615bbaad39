#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Connects over loopback: the module counts and follows every connect, and every offset matches.
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

one_thread() {
	connects=$(workload connect --serve --threads 1 --connects 100 | counted)
	[ "$connects" -eq 100 ]
	all_matched 100
}

many_threads() {
	connects=$(workload connect --serve --threads 16 --connects 800 | counted)
	[ "$connects" -eq 800 ]
	all_matched 800
}

last_shows_the_finding() {
	workload connect --serve --threads 4 --connects 40
	cat /proc/tsoffset/last
	awk 'NR > 1 && $4 != "none" { seen++; if ($2 != $3 || $4 != "match" || $2 !~ /^0x[0-9a-f]{8}$/) bad++ }
		END { exit !(seen > 0 && !bad) }' /proc/tsoffset/last
}

run_checks one_thread many_threads last_shows_the_finding
