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

run_checks each_kind
