#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Many simultaneous connects: by default none is missed. With too few instances, every missed connect is counted, of either
# family.
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

NOLOAD=1

none_with_64_threads() {
	load
	connects=$(workload connect --serve --threads 64 --connects 2000 | counted)
	all_matched "$connects"
}

# Any thread may be preempted within its call. There are far more threads than CPUs, and threads of idle priority stay
# preempted longest.
none_with_400_threads() {
	load
	connects=$(workload connect --serve --threads 400 --connects 2000 | counted)
	all_matched "$connects"
}

# The probe has one instance and follows one call at a time. With two CPUs that connect, some calls are missed.
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

# IPv4 connects have an instance of their own, and counts of their own.
one_instance_over_ipv4() {
	kprobe_hook_only
	load_with maxactive=1 ipv4=1
	connects=$(workload connect --serve --to 127.0.0.1:7000 --threads 64 --connects 4000 | counted)
	expect connects_v4_called="$connects" connects_v4_in_flight=0 connects_v4_capped=0 offset_v4_mismatch=0 \
		connects_called=0 connects_missed=0 ledger=balanced
	missed=$(stat connects_v4_missed)
	echo "$missed of $connects are missed"
	[ "$missed" -gt 0 ]
	[ $(($(stat connects_v4_entered) + missed)) -eq "$connects" ]
	[ "$(stat connects_v4_entered)" -eq "$(stat connects_v4_returned)" ]
}

run_checks none_with_64_threads none_with_400_threads one_instance one_instance_over_ipv4
