#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The module stays loaded under load for MINUTES, and nothing drifts.
TSOFFSET_SELFTESTS=$(dirname "$0")/../tsoffset
# shellcheck source=selftests/lib.sh
. "$TSOFFSET_SELFTESTS/lib.sh"
# shellcheck source=selftests/gauntlet/lib-memory.sh
. "$(dirname "$0")/lib-memory.sh"

NOLOAD=1
: "${MINUTES:=5}"

going_on() { [ ! -e /tmp/stop ]; }

# Each of these runs in its own process until /tmp/stop exists. The processes count their work without the module.
namespaces() {
	while going_on; do
		unshare --net sh -c 'ip link set lo up && exec tsoffset-workload connect --serve --threads 2 --connects 4' |
			counted >> /tmp/namespaces
	done
}

filters() {
	while going_on; do
		for filter in uid=0 'dport=!7000' 'verdict=!match daddr=::1' clear; do
			echo "$filter" > /proc/tsoffset/filter
			sleep 0.1
		done
	done
}

readers() {
	while going_on; do
		read_files
		echo >> /tmp/read
		# These readers wait, and are killed while they wait.
		timeout 1 cat /proc/tsoffset/events > /dev/null || :
	done
}

# all_of_it SECONDS: runs all of them for SECONDS.
all_of_it() {
	namespaces 2>> /tmp/namespaces.errors &
	filters &
	readers &
	begun=$(cut -d . -f 1 /proc/uptime)
	while elapsed=$(($(cut -d . -f 1 /proc/uptime) - begun)) && [ "$elapsed" -lt "$1" ]; do
		left=$(($1 - elapsed))
		workload connect --serve --threads 64 --connects 100000000 --seconds $((left < 60 ? left : 60)) | counted >> /tmp/connects
		echo "after $elapsed s: $(awk '{ n += $1 } END { print n }' /tmp/connects) connects," \
			"$(stat connects_missed) missed, $(stat connects_recorded) recorded, $(stat records_overwritten) overwritten," \
			"$(kernel_memory) kB of memory"
	done
	touch /tmp/stop
	wait
	rm /tmp/stop
}

soaked() {
	load_with witness=1 outcomes=1024 maxactive=1024
	# The kernel's caches grow in the first seconds, which is no drift.
	all_of_it 30
	sleep 3
	before=$(kernel_memory)
	all_of_it $((MINUTES * 60))
	cat /tmp/namespaces.errors

	made=$(awk '{ n += $1 } END { print n }' /tmp/connects /tmp/namespaces)
	figure "soak" "$MINUTES minutes: $made connects by the programs' count, $(stat connects_called) by the module's," \
		"$(wc -l < /tmp/namespaces) namespaces, read $(wc -l < /tmp/read) times"
	figure "soak, misses and mismatches" "$(stat connects_missed), $(stat offset_mismatch)"
	figure "soak, records kept, filtered and overwritten" \
		"$(stat connects_recorded), $(stat connects_filtered), $(stat records_overwritten)"
	all_matched "$made"
	expect outcome_established="$made" outcomes_pending=0 offset_rewritten=0 reader_torn=0
	[ "$(wc -l < /tmp/namespaces)" -gt "$MINUTES" ]
	[ "$(wc -l < /tmp/read)" -gt "$MINUTES" ]
	sleep 3
	memory_came_back "$before" 4096
}

run_checks soaked
