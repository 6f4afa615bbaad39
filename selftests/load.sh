#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Loading, the files of the loaded module, and unloading.
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

LINES="version policy probe_armed connects_called connects_missed connects_entered
connects_returned connects_in_flight connects_failed offset_match offset_zero offset_changed
offset_mismatch offset_repair offset_v4mapped ledger witness reader_missed reader_getsockopt
reader_overlap_possible reader_overlap_certain reader_torn reader_unjudged reader_overflow
connects_recorded connects_filtered records_readable records_overwritten
$(bound=1024; while [ "$bound" -le 8589934592 ]; do echo "connect_ns_below_$bound"; bound=$((bound * 2)); done)
connect_ns_above
outcomes outcomes_begun outcome_established outcome_refused outcome_timeout outcome_reset
outcome_unreachable outcome_error outcome_closed outcomes_overflow outcomes_untimed
offset_kept offset_rewritten offset_unjudged
outcomes_recorded outcomes_filtered outcomes_pending outcomes_overwritten
hash connects_unjudged
connects_capped reader_capped repairs_missed repairs_noted repairs_shared
hook
accepted_other_offset
sysctl_missed
failed_refused failed_timeout failed_reset failed_unreachable failed_no_route failed_no_port failed_filtered failed_closed failed_error
failures_recorded failures_filtered
ipv4 connects_v4_called connects_v4_missed connects_v4_entered connects_v4_returned connects_v4_in_flight connects_v4_capped connects_v4_failed
offset_v4_match offset_v4_zero offset_v4_changed offset_v4_mismatch offset_v4_repair connects_v4_unjudged connects_v4_recorded connects_v4_filtered
$(bound=1024; while [ "$bound" -le 8589934592 ]; do echo "connect_v4_ns_below_$bound"; bound=$((bound * 2)); done)
connect_v4_ns_above
accepted_match accepted_zero accepted_absent accepted_syncookie accepted_chosen accepted_unjudged accepts_recorded accepts_filtered
accepted_owned accepted_cookie_missed
accepts_overwritten
outcomes_capped"

fresh_counters_are_zero() {
	all_matched 0
	expect policy=per-connection offset_v4mapped=0
}

lines_are_the_documented_ones() {
	# shellcheck disable=SC2086 # one name a line
	printf '%s\n' $LINES > /tmp/expected
	awk '{ print $1 }' "$STATS" | diff /tmp/expected -
}

last_has_a_line_for_each_cpu() {
	[ "$(head -n 1 /proc/tsoffset/last)" = "cpu offset expected verdict" ]
	[ "$(grep -c '^[0-9]* - - none$' /proc/tsoffset/last)" -eq "$(possible_cpus)" ]
}

second_load_is_refused() {
	if message=$(load 2>&1); then return 1; fi
	echo "$message" | grep -q 'File exists'
	# The loaded module is unaffected.
	all_matched 0
}

nothing_is_left_after_unload() {
	rmmod tsoffset
	[ ! -e /proc/tsoffset ]
	[ "$(grep -c tsoffset /sys/kernel/debug/kprobes/list)" -eq 0 ]
	! grep -q tcp_v6_connect /sys/kernel/debug/kprobes/list /sys/kernel/tracing/enabled_functions
}

probes_are_listed_while_loaded() {
	case ${TSOFFSET_HOOK:-kprobe} in
	kprobe) list=/sys/kernel/debug/kprobes/list ;;
	fprobe) list=/sys/kernel/tracing/enabled_functions ;;
	esac
	[ "$(grep -c tcp_v6_connect "$list")" -eq 1 ]
	grep -q proc_dou8vec_minmax "$list"
}

loads_many_times() {
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		rmmod tsoffset
		load
	done
	all_matched 0
}

run_checks fresh_counters_are_zero lines_are_the_documented_ones last_has_a_line_for_each_cpu \
	second_load_is_refused probes_are_listed_while_loaded nothing_is_left_after_unload \
	loads_many_times
