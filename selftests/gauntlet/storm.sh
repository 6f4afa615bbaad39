#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Many loads and unloads (LOADS), and many network namespaces (NAMESPACES).
TSOFFSET_SELFTESTS=$(dirname "$0")/../tsoffset
# shellcheck source=selftests/lib.sh
. "$TSOFFSET_SELFTESTS/lib.sh"
# shellcheck source=selftests/gauntlet/lib-memory.sh
. "$(dirname "$0")/lib-memory.sh"

NOLOAD=1
: "${LOADS:=500}" "${NAMESPACES:=2000}"

# Lowers the priority of the calling shell and of its later children.
give_way() { renice -n 19 -p "$BASHPID" > /dev/null; }

# Each load sees connects. After every tenth load, the ledger must balance.
loaded_and_unloaded_under_load() {
	# The first loads and connects fill the kernel's caches, which is no leak.
	for _ in 1 2 3; do
		load
		workload connect --serve --threads 8 --connects 100
		rmmod tsoffset
	done
	before=$(kernel_memory /tmp/slabs.before)
	# The connects continue until they are stopped, with low priority. With normal priority, each load would mostly wait
	# behind sixteen busy threads.
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
			# A stopped thread completes its call first, so no call is in flight.
			kill -STOP "$connecting"
			expect ledger=balanced probe_armed=1 connects_in_flight=0 offset_zero=0 offset_mismatch=0
			called=$((called + $(stat connects_called)))
			kill -CONT "$connecting"
		fi
		# A reader with an open file holds the module.
		wait_for 60 rmmod tsoffset 2> /dev/null
		[ $((number % 20)) -ne 0 ] || echo "$number loads in $((SECONDS - begun)) s, $called connects in those asked"
		# Memory under load exceeds the memory before and after. Only growth between these lines matters.
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

# some_namespaces NUMBER: makes namespaces one after the other, connects four times in each, and leaves it.
some_namespaces() {
	tsoffset-workload namespaces --count "$1" --threads 2 --connects 2 > /tmp/namespaces
	[ "$(counted < /tmp/namespaces)" -eq $(($1 * 4)) ]
}

namespaces_come_and_go() {
	load_with witness=1 outcomes=1000
	# Per-CPU memory comes in chunks. The kernel keeps the first chunks for later namespaces.
	some_namespaces 10
	sleep 2
	before=$(kernel_memory /tmp/slabs.before)
	number=0
	begun=$SECONDS
	while [ "$number" -lt "$NAMESPACES" ]; do
		some=$((NAMESPACES - number < 200 ? NAMESPACES - number : 200))
		some_namespaces "$some"
		number=$((number + some))
		# The kernel deletes namespaces asynchronously.
		echo "$number namespaces in $((SECONDS - begun)) s, $(kernel_memory) kB"
	done
	all_matched $((NAMESPACES * 4 + 40))
	sleep 5
	figure "network namespaces made, used and gone" "$number"
	memory_came_back "$before" 4096 /tmp/slabs.before
}

# The control: the memory of large rings must fail the check.
memory_that_is_kept_is_seen() {
	before=$(kernel_memory)
	load_with records=65536
	# The output is dropped, because its figure is not one of the run.
	if memory_came_back "$before" 2048 > /dev/null; then return 1; fi
}

run_checks memory_that_is_kept_is_seen loaded_and_unloaded_under_load namespaces_come_and_go
