#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The ledger under load: 64 threads connect while 8 readers read every file, with few records and with many.
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

NOLOAD=1

# Starts readers of all files in the background. The readers run until /tmp/stop exists.
readers() {
	rm -f /tmp/stop
	for _ in 1 2 3 4 5 6; do
		(until [ -e /tmp/stop ]; do
			read_files
		done) &
	done
	for _ in 1 2; do
		cat /proc/tsoffset/events > /dev/null &
	done
}

stop_readers() {
	touch /tmp/stop
	killall cat || :
	wait
	rm /tmp/stop
}

# Fails if any read of the ledger was unbalanced.
never_unbalanced() {
	(until [ -e /tmp/stop ]; do
		if grep -q '^ledger unbalanced$' "$STATS"; then cat "$STATS" > /tmp/unbalanced; fi
	done) &
}

# connects N: makes N connects from 64 threads. The workload's own count must show all of them.
connects() {
	rm -f /tmp/unbalanced
	readers
	never_unbalanced
	made=$(workload connect --serve --threads 64 --connects "$1" | counted)
	stop_readers
	[ "$made" -eq "$1" ]
	[ ! -e /tmp/unbalanced ] || { cat /tmp/unbalanced; return 1; }
	expect connects_called="$1" connects_in_flight=0 offset_mismatch=0 ledger=balanced
	stats=$(cat "$STATS")
}

# value NAME: prints that line of the stats that connects() read.
value() { echo "$stats" | field "$1"; }

with_room_for_all() {
	load
	connects 2000
	[ "$(value connects_missed)" -eq 0 ]
	[ "$(value offset_match)" -eq 2000 ]
	[ "$(value connects_recorded)" -eq 2000 ]
}

with_one_instance_and_the_smallest_rings() {
	load_with maxactive=1 records=2
	connects 4000
	missed=$(value connects_missed)
	entered=$(value connects_entered)
	echo "$missed missed, $entered entered"
	# An fprobe has no instances, and misses none.
	if [ "${TSOFFSET_HOOK:-kprobe}" = kprobe ]; then
		[ "$missed" -gt 0 ]
	else
		[ "$missed" -eq 0 ]
	fi
	[ $((missed + entered)) -eq 4000 ]
	[ "$(value offset_match)" -eq "$entered" ]
	[ "$(value connects_recorded)" -eq "$entered" ]
	# Of more than two CPUs, some made one connect only, or none.
	cpus=$(online_cpus | wc -l)
	readable=$(value records_readable)
	[ "$readable" -ge $((2 * (cpus < 2 ? cpus : 2))) ]
	[ "$readable" -le $((2 * cpus)) ]
	[ "$(value records_overwritten)" -eq $((entered - readable)) ]
}

run_checks with_room_for_all with_one_instance_and_the_smallest_rings
