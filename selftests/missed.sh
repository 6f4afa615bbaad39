#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Many connects at once: none missed by default; with too few instances, all accounted for.
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

NOLOAD=1

none_with_64_threads() {
	load
	connects=$(workload connect --serve --threads 64 --connects 2000 | counted)
	all_matched "$connects"
}

# Each thread may be preempted within its call: more threads than CPUs, by far, and those of idle priority for the longest.
none_with_400_threads() {
	load
	connects=$(workload connect --serve --threads 400 --connects 4000 | counted)
	all_matched "$connects"
}

# The probe can follow one call at a time: of two CPUs connecting, one is missed now and then.
one_instance() {
	kprobe_hook_only
	load_with maxactive=1
	connects=$(workload connect --serve --threads 64 --connects 4000 | counted)
	expect connects_called="$connects" connects_in_flight=0 offset_mismatch=0 ledger=balanced
	missed=$(stat connects_missed)
	cat "$STATS"
	[ "$missed" -gt 0 ]
	[ $(($(stat connects_entered) + missed)) -eq "$connects" ]
	[ "$(stat connects_entered)" -eq "$(stat connects_returned)" ]
}

run_checks none_with_64_threads none_with_400_threads one_instance
