#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Connects that fail, inside tcp_v6_connect() and after it.
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

each_kind() {
	workload refused --times 10 > /tmp/refused
	cat /tmp/refused
	inside=$(field failed-inside < /tmp/refused)
	connects=$(counted < /tmp/refused)
	[ "$inside" -eq 50 ]
	expect connects_called="$connects" connects_returned="$connects" connects_missed=0 \
		connects_failed="$inside" offset_match=$((connects - inside)) offset_mismatch=0 \
		offset_v4mapped=0 ledger=balanced
}

# The kernel clears the destination of a failed call. The record has the requested destination.
destination_is_recorded() {
	echo 'dport=443 daddr=2001:db8::77 verdict=failed' > /proc/tsoffset/filter
	ip netns add left
	ip netns exec left tsoffset-workload connect --to '[2001:db8::77]:443' --connects 1 || :
	expect connects_failed=1 connects_recorded=1
	cat /proc/tsoffset/connects
	grep -E ' 2001:db8::77 +443 +-(99|101) .* failed ' /proc/tsoffset/connects
}

run_checks each_kind destination_is_recorded
