#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Unloading during connects and during reads of files.
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
		# Without events, because a follower holds the module (events.sh).
		(while [ ! -e /tmp/stop ]; do
			read_files 2> /dev/null || continue
		done) &
	done
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		sleep 0.1
		# A reader with an open file holds the module.
		wait_for 20 rmmod tsoffset 2> /dev/null
		load
	done
	touch /tmp/stop
	wait
	rm /tmp/stop
	all_matched 0
}

FILES="$STATS /proc/tsoffset/last /proc/tsoffset/connects /proc/tsoffset/filter /proc/tsoffset/events /proc/net/tsoffset"

in_use() {
	[ "$(cat /sys/module/tsoffset/refcnt)" -eq "$1" ]
	if message=$(rmmod tsoffset 2>&1); then return 1; fi
	echo "$message" | grep -q 'in use'
}

open_files_hold_the_module() {
	for file in $FILES; do
		exec 3< "$file"
		in_use 1
		exec 3<&-
		[ "$(cat /sys/module/tsoffset/refcnt)" -eq 0 ]
	done
}

# stalls COMMAND...: expects a read whose buffer is never provided to block neither rmmod nor the making of a namespace.
stalls() {
	: > /tmp/stalled
	"$@" > /tmp/stalled &
	stalling=$!
	wait_for 20 grep -qx stalled /tmp/stalled
	mark=$SECONDS
	in_use 1
	timeout -s KILL 20 unshare --net true
	[ $((SECONDS - mark)) -lt 20 ]
	killall -q -KILL tsoffset-workload
	wait "$stalling" || :
	wait_for 20 grep -qx 0 /sys/module/tsoffset/refcnt
}

a_stalled_reader_hangs_nothing() {
	stalls tsoffset-workload stall "$STATS"
	stalls tsoffset-workload stall /proc/net/tsoffset
	stalls unshare --net tsoffset-workload stall /proc/self/net/tsoffset
	stalls tsoffset-workload stall /proc/tsoffset/last
	workload connect --serve --connects 10
	stalls tsoffset-workload stall /proc/tsoffset/connects
	rmmod tsoffset
	load
	all_matched 0
}

run_checks during_connects during_reads open_files_hold_the_module a_stalled_reader_hangs_nothing
