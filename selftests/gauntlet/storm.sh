#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Much of everything: loading and unloading, and network namespaces. LOADS and NAMESPACES: how many.
TSOFFSET_SELFTESTS=$(dirname "$0")/../tsoffset
# shellcheck source=selftests/lib.sh
. "$TSOFFSET_SELFTESTS/lib.sh"
# shellcheck source=selftests/gauntlet/lib-memory.sh
. "$(dirname "$0")/lib-memory.sh"

NOLOAD=1
: "${LOADS:=500}" "${NAMESPACES:=2000}"

# The calling shell, and what it begins from here on.
give_way() { renice -n 19 -p "$BASHPID" > /dev/null; }

# Each load sees connects; the ledger of every tenth has to balance.
loaded_and_unloaded_under_load() {
	# What the first loads and connects leave in the kernel's caches is not a leak.
	for _ in 1 2 3; do
		load
		workload connect --serve --threads 8 --connects 100
		rmmod tsoffset
	done
	before=$(kernel_memory /tmp/slabs.before)
	# They go on until they are stopped, and take what the loader and the kernel's own threads leave them: with the same
	# priority, a load among sixteen that never stop is mostly waiting for its turn.
	(
		give_way
		exec tsoffset-workload connect --serve --threads 8 --connects 100000000 --seconds $((LOADS * 120)) > /dev/null
	) &
	connecting=$!
	for _ in 1 2 3 4 5 6 7 8; do
		(
			give_way
			while [ ! -e /tmp/stop ]; do
				read_files 2> /dev/null || sleep 0.01
			done
		) &
	done
	trap 'touch /tmp/stop; kill -KILL "$connecting"' EXIT
	number=0 called=0 begun=$SECONDS
	while [ "$number" -lt "$LOADS" ]; do
		insmod "$TSOFFSET_KO" witness=1 outcomes=100
		number=$((number + 1))
		wait_for 60 reached connects_called 8
		if [ $((number % 10)) -eq 0 ]; then
			# Who is stopped ends his call first: nothing is in flight then.
			kill -STOP "$connecting"
			expect ledger=balanced probe_armed=1 connects_in_flight=0 offset_zero=0 offset_mismatch=0
			called=$((called + $(stat connects_called)))
			kill -CONT "$connecting"
		fi
		# A reader that has a file open pins the module.
		wait_for 60 rmmod tsoffset 2> /dev/null
		[ $((number % 20)) -ne 0 ] || echo "$number loads in $((SECONDS - begun)) s, $called connects in those asked"
		# Under load, so more than before and after it: what counts is whether it grows.
		[ $((number % 100)) -ne 0 ] || echo "$number loads, $(kernel_memory) kB"
	done
	trap - EXIT
	kill "$connecting"
	wait "$connecting" || :
	touch /tmp/stop
	wait
	rm /tmp/stop
	figure "loads and unloads under load" "$number; the ledgers of the $((number / 10)) that were asked balanced, with $called connects"
	sleep 3
	memory_came_back "$before" 2048 /tmp/slabs.before
}

# some_namespaces NUMBER: made, used with four connects, and gone, one after the other.
some_namespaces() {
	tsoffset-workload namespaces --count "$1" --threads 2 --connects 2 > /tmp/namespaces
	[ "$(counted < /tmp/namespaces)" -eq $(($1 * 4)) ]
}

namespaces_come_and_go() {
	load_with witness=1 outcomes=1000
	# Per-CPU memory comes in chunks: what the first ones took is kept for the next.
	some_namespaces 10
	sleep 2
	before=$(kernel_memory /tmp/slabs.before)
	number=0
	begun=$SECONDS
	while [ "$number" -lt "$NAMESPACES" ]; do
		some=$((NAMESPACES - number < 200 ? NAMESPACES - number : 200))
		some_namespaces "$some"
		number=$((number + some))
		# Those that were left are torn down by the kernel in its own time.
		echo "$number namespaces in $((SECONDS - begun)) s, $(kernel_memory) kB"
	done
	all_matched $((NAMESPACES * 4 + 40))
	sleep 5
	figure "network namespaces made, used and gone" "$number"
	memory_came_back "$before" 4096 /tmp/slabs.before
}

# A leak would be seen: what the module takes for large rings is.
memory_that_is_kept_is_seen() {
	before=$(kernel_memory)
	load_with records=65536
	# What it would call a figure is none of the run.
	if memory_came_back "$before" 2048 > /dev/null; then return 1; fi
}

run_checks memory_that_is_kept_is_seen loaded_and_unloaded_under_load namespaces_come_and_go
