#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The wall-clock time of records: that of their own moment, whatever happens to the clock later.
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=selftests/lib-events.sh
. "$(dirname "$0")/lib-events.sh"

NOLOAD=1
CONNECTS=/proc/tsoffset/connects

# set_clock SECONDS: sets the wall clock to that number of seconds since 1970.
set_clock() { busybox date -u -s "@$1" > /dev/null; }

# seconds: prints the wall clock's seconds since 1970.
seconds() { busybox date -u +%s; }

# times: prints the whole seconds of each record's wall-clock time.
times() { awk 'NR > 1 { print substr($22, 1, length($22) - 9) }' "$CONNECTS"; }

# connects_at SECONDS: sets the clock and makes five connects. Stores the clock's time after them in "after".
connects_at() {
	set_clock "$1"
	workload connect --serve --threads 1 --connects 5 > /dev/null
	after=$(seconds)
}

times_follow_the_clock() {
	load_with outcomes=64
	before=$(seconds)
	workload connect --serve --threads 2 --connects 20
	after=$(seconds)
	times | awk -v before="$before" -v after="$after" '$1 < before || $1 > after { exit 1 }'
	[ "$(times | wc -l)" -eq 20 ]
	# Events have the same time as records, and outcomes have one, too.
	exec 3< "$EVENTS"
	tsoffset-workload follow "$EVENTS" --oldest --lines 60 > /tmp/events
	exec 3<&-
	sed -nE '/"event":"connect"/s/.*"realtime":([0-9]+).*/\1/p' /tmp/events | sort > /tmp/times
	awk 'NR > 1 { print $22 }' "$CONNECTS" | sort | diff - /tmp/times
	sed -nE '/"event":"outcome"/s/.*"realtime":([0-9]+)[0-9]{9}[,}].*/\1/p' /tmp/events > /tmp/times
	[ "$(wc -l < /tmp/times)" -eq 20 ]
	awk -v before="$before" -v after="$after" '$1 < before || $1 > after { exit 1 }' /tmp/times
}

# The clock is set between the connects, forward and back, and once more before the file is read.
clock_step_changes_no_record() {
	load
	: > /tmp/expected
	for at in 1800000000 1900000000 1000000000 1850000000; do
		connects_at "$at"
		echo "$at $after" >> /tmp/expected
	done
	set_clock 1700000000
	times > /tmp/times
	cat /tmp/expected
	uniq -c /tmp/times
	awk 'NR == FNR { from[NR] = $1; to[NR] = $2; next }
		{ step = int((FNR - 1) / 5) + 1; if ($1 < from[step] || $1 > to[step]) exit 1; n++ } END { exit n != 20 }' /tmp/expected /tmp/times
	# The time since boot goes on.
	awk 'NR > 1 { print $1 }' "$CONNECTS" | sort -c -n
}

# The module keeps the last 63 steps. An older time is unknown, and never a wrong one.
too_many_steps_leave_no_wrong_time() {
	load
	connects_at 1800000000
	for step in $(seq 1900000001 1900000062); do set_clock "$step"; done
	awk '{ print $22 }' "$CONNECTS" | grep -c '^18000000' | grep -qx 5
	for step in 1 2 3 4 5; do set_clock "190000010$step"; done
	workload connect --serve --threads 1 --connects 2 > /dev/null
	[ "$(awk '$22 == "-"' "$CONNECTS" | wc -l)" -eq 5 ]
	[ "$(times | grep -c '^19000001')" -eq 2 ]
	tsoffset-workload follow "$EVENTS" --oldest --lines 7 > /tmp/events
	[ "$(grep -c '"realtime":null,' /tmp/events)" -eq 5 ]
}

# A load registers with the timekeeper, and an unload unregisters.
clock_steps_during_loads() {
	now=$(seconds)
	(while set_clock "$((now + RANDOM))"; do :; done) &
	setting=$!
	for _ in 1 2 3 4 5 6; do
		load
		workload connect --serve --threads 2 --connects 20 > /dev/null
		awk 'NR > 1' "$CONNECTS" > /dev/null
		rmmod tsoffset
	done
	kill "$setting"
	wait "$setting" || :
	set_clock "$now"
}

run_checks times_follow_the_clock clock_step_changes_no_record too_many_steps_leave_no_wrong_time \
	clock_steps_during_loads
