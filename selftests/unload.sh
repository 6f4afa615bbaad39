#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Unloading while connects are made and files are read.
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

during_connects() {
	workload connect --serve --threads 16 --connects 1000000 --seconds 10 &
	pid=$!
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		sleep 0.3
		rmmod tsoffset
		load
	done
	wait "$pid"
	expect connects_missed=0 offset_mismatch=0 ledger=balanced
}

during_reads() {
	for _ in 1 2 3 4; do
		# Not events: who follows it keeps the module (events.sh).
		(while [ ! -e /tmp/stop ]; do
			read_files 2> /dev/null || continue
		done) &
	done
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		sleep 0.1
		rmmod tsoffset
		load
	done
	touch /tmp/stop
	wait
	rm /tmp/stop
	all_matched 0
}

# A file that is open does not hold the module: it is closed under the reader.
with_a_file_open() {
	exec 3< "$STATS"
	read -r line <&3
	[ "$line" = "version 1" ]
	rmmod tsoffset
	exec 3<&-
}

run_checks during_connects during_reads with_a_file_open
