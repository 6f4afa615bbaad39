#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs in the guest for `make run`: loads the module, connects over loopback and between two network namespaces, prints the
# stats, unloads. scripts/harness/summary.py reads the lines after "==".
set -eo pipefail
export TSOFFSET_SELFTESTS=/selftests/tsoffset
# shellcheck source=selftests/lib.sh
. $TSOFFSET_SELFTESTS/lib.sh

section() { echo "== $*"; }

kcsan_state() {
	if [ -r /sys/kernel/debug/kcsan ]; then
		grep -E '^(enabled|setup_watchpoints):' /sys/kernel/debug/kcsan | tr -d :
	fi
}

load
section kcsan-before
kcsan_state
two_namespaces
serve ip netns exec right -- --listen '[::]:7000'
section loopback
workload connect --serve --threads 8 --connects 1200
section veth
ip netns exec left tsoffset-workload connect --to '[2001:db8::2]:7000' --threads 8 --connects 1200
settle
section kcsan-after
kcsan_state
section last
cat /proc/tsoffset/last
section stats
cat "$STATS"
section end
clean_up
[ ! -e /proc/tsoffset ]
