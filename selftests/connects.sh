#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The records of connects: complete, correct, in order, and balanced in the ledger.
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

NOLOAD=1
CONNECTS=/proc/tsoffset/connects

# column NAME: prints that column of the table on standard input.
column() {
	awk -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) column = i; next }
		{ print $column }'
}

# lines_with COLUMN VALUE: counts the records with VALUE in COLUMN.
lines_with() { column "$1" < "$CONNECTS" | grep -cx -- "$2"; }

every_connect_has_its_record() {
	load
	workload connect --serve --threads 8 --connects 200
	settle
	expect connects_recorded=200 connects_filtered=0 records_readable=200 records_overwritten=0 \
		ledger=balanced
	[ "$(column verdict < "$CONNECTS" | sort | uniq -c | awk '{ print $1, $2 }')" = "200 match" ]
	[ "$(lines_with destination ::1)" -eq 200 ]
	[ "$(lines_with dport 7000)" -eq 200 ]
	[ "$(lines_with error 0)" -eq 200 ]
	[ "$(lines_with uid 0)" -eq 200 ]
	[ "$(lines_with comm tsoffset-worklo)" -eq 200 ]
	[ "$(lines_with netns "$(readlink /proc/self/ns/net | tr -dc 0-9)")" -eq 200 ]
	# Each socket has its own cookie.
	[ "$(column cookie < "$CONNECTS" | sort -u | wc -l)" -eq 200 ]
	[ "$(column cookie < "$CONNECTS" | grep -cx 0)" -eq 0 ]
	column offset < "$CONNECTS" > /tmp/offsets
	column expected < "$CONNECTS" | cmp - /tmp/offsets
}

newest_last_and_times_of_this_boot() {
	load
	before=$(awk '{ printf "%.0f", $1 * 1e9 }' /proc/uptime)
	workload connect --serve --threads 8 --connects 100
	column time < "$CONNECTS" > /tmp/times
	after=$(awk '{ printf "%.0f", ($1 + 0.01) * 1e9 }' /proc/uptime)
	sort -c -n /tmp/times
	awk -v before="$before" -v after="$after" '$1 < before || $1 > after { exit 1 }' /tmp/times
}

records_have_their_caller() {
	load
	su -s /bin/sh nobody -c 'tsoffset-workload connect --serve --threads 1 --connects 3'
	cat "$CONNECTS"
	[ "$(lines_with uid 65534)" -eq 3 ]
	workload refused --times 10
	[ "$(lines_with verdict failed)" -eq 50 ]
	# EINVAL, ENETUNREACH and so on, as the kernel's numbers.
	[ "$(lines_with error -22)" -ge 10 ]
}

kinds_have_flags() {
	load
	serve env -- --listen '[::]:7000'
	workload connect --to '[::ffff:127.0.0.1]:7000' --threads 1 --connects 3
	stop_workloads
	workload repair --connects 2
	sysctl -q net.ipv4.tcp_fastopen=3
	workload connect --serve --kind fastopen --threads 1 --connects 3
	sysctl -q net.ipv4.tcp_fastopen=1
	cat "$CONNECTS"
	[ "$(lines_with flags v4mapped)" -eq 3 ]
	[ "$(lines_with destination ::ffff:127.0.0.1)" -eq 3 ]
	[ "$(lines_with flags repair)" -eq 2 ]
	[ "$(lines_with flags fastopen)" -ge 2 ]
}

the_histogram_is_that_of_the_records() {
	load
	workload connect --serve --threads 4 --connects 150
	settle
	column duration < "$CONNECTS" | awk '{ bound = 1024; while ($1 >= bound) bound *= 2; n[bound]++ }
		END { for (bound in n) printf "connect_ns_below_%.0f %d\n", bound, n[bound] }' | sort > /tmp/expected
	awk '/^connect_ns_/ && $2 != 0' "$STATS" | sort | diff /tmp/expected -
}

oldest_records_are_overwritten_first() {
	load_with records=4
	cpus=$(online_cpus | wc -l)
	on_each_cpu tsoffset-workload connect --serve --threads 2 --connects 50
	settle
	expect connects_recorded=$((50 * cpus)) records_readable=$((4 * cpus)) \
		records_overwritten=$((46 * cpus)) ledger=balanced
	[ "$(column time < "$CONNECTS" | wc -l)" -eq $((4 * cpus)) ]
}

more_than() { [ "$(stat connects_recorded)" -gt "$1" ]; }

a_snapshot_agrees_with_itself() {
	# A small ring: reading the file byte by byte takes a system call for each.
	load_with records=32
	workload connect --serve --threads 4 --connects 1000000 --seconds 250 > /dev/null &
	connecting=$!
	wait_for 5 more_than 100
	# Reads one byte or many at a time and seeks back, while connects are recorded.
	exec 3< "$CONNECTS" 4< "$CONNECTS"
	dd bs=1 <&3 > /tmp/small 2> /dev/null
	dd bs=1M <&4 > /tmp/large 2> /dev/null
	exec 3<&- 4<&-
	for file in /tmp/small /tmp/large; do
		awk 'NR == 1 { columns = NF } NF != columns { exit 1 }' "$file"
	done
	before=$(stat connects_recorded)
	tsoffset-workload reread < "$CONNECTS"
	# Connects go on. On a busy machine, none need end within the reads.
	wait_for 5 more_than "$before"
	kill "$connecting"
	# The heading, and at least one full ring.
	[ "$(wc -l < /tmp/small)" -ge 33 ]
}

needs_cap_net_admin() {
	load
	[ "$(busybox stat -c %a "$CONNECTS")" = 400 ]
	if su -s /bin/sh nobody -c "cat $CONNECTS" 2> /dev/null; then return 1; fi
	if unshare --user --map-root-user cat "$CONNECTS" 2> /dev/null; then return 1; fi
}

records_out_of_range_are_refused() {
	refuses 'Invalid parameters' 'records=1 is not within 2 to 65536, nor 0' load_with records=1
	refuses 'Invalid parameters' 'records=65537 is not within 2 to 65536, nor 0' load_with records=65537
	load_with records=3
	expect records_readable=0
}

# no_data FILE: expects a read to return no data at once.
no_data() {
	if message=$(timeout 5 cat "$1" 2>&1); then return 1; fi
	echo "$message"
	[[ $message == *'No data available'* ]]
}

# records=0 keeps no records. The module still compares and counts connects.
no_records_with_records_zero() {
	load_with records=0 outcomes=16
	workload connect --serve --threads 4 --connects 100
	workload refused --times 1 > /tmp/refused
	failed=$(field failed-inside < /tmp/refused)
	connects=$((100 + $(counted < /tmp/refused)))
	[ "$failed" -gt 0 ]
	expect ledger=balanced connects_called="$connects" offset_match=$((connects - failed)) connects_failed="$failed" \
		connects_recorded=0 connects_filtered="$connects" records_readable=0 records_overwritten=0 \
		outcomes_recorded=0 outcomes_overwritten=0
	[ "$(stat outcome_established)" -ge 100 ]
	[ "$(stat outcomes_filtered)" -ge 100 ]
	# A filter selects none of zero records.
	echo dport=1 > /proc/tsoffset/filter
	echo clear > /proc/tsoffset/filter
	no_data "$CONNECTS"
	no_data /proc/tsoffset/events
	# The control: with records, the files have data.
	rmmod tsoffset
	load_with records=2
	if no_data "$CONNECTS"; then return 1; fi
}

# A CPU that was offline during the load gets its ring when it comes online. Some machines have CPUs that were never online.
hotplugged_cpu_has_records() {
	number=$(sed 's/.*[-,]//' /sys/devices/system/cpu/present)
	cpu=/sys/devices/system/cpu/cpu$number/online
	if [ "$number" -eq 0 ] || [ ! -e "$cpu" ]; then
		echo "the kernel takes no CPU offline (CONFIG_HOTPLUG_CPU)"
		return "$KSFT_SKIP"
	fi
	before=$(cat "$cpu")
	echo 0 > "$cpu"
	trap 'echo "$before" > "$cpu"' EXIT
	load
	echo 1 > "$cpu"
	taskset -c "$number" tsoffset-workload connect --serve --threads 1 --connects 50
	settle
	expect connects_called=50 connects_recorded=50 records_readable=50 ledger=balanced
}

run_checks every_connect_has_its_record newest_last_and_times_of_this_boot records_have_their_caller \
	kinds_have_flags the_histogram_is_that_of_the_records oldest_records_are_overwritten_first a_snapshot_agrees_with_itself \
	needs_cap_net_admin records_out_of_range_are_refused no_records_with_records_zero \
	hotplugged_cpu_has_records
