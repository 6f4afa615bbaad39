#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The module replaces the handler of kretprobes. On a kernel with another handler, a second probe counts the calls.
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

NOLOAD=1

load_fallback() { insmod "$VARIANTS/tsoffset-fallback.ko" "$@"; }

falls_back_with_one_line() {
	mark_log
	load_fallback
	[ "$(log_since_mark | grep -c 'a second probe counts the calls of tcp_v6_connect$')" -eq 1 ]
	rmmod tsoffset
	mark_log
	load
	! log_since_mark | grep 'a second probe counts'
}

sees_every_call() {
	load_fallback
	connects=$(workload connect --serve --threads 8 --connects 2000 | counted)
	all_matched "$connects"
}

counts_what_it_misses() {
	load_fallback maxactive=1
	connects=$(workload connect --serve --threads 64 --connects 4000 | counted)
	expect connects_called="$connects" connects_in_flight=0 offset_mismatch=0 ledger=balanced
	missed=$(stat connects_missed)
	[ "$missed" -gt 0 ]
	[ $(($(stat connects_entered) + missed)) -eq "$connects" ]
}

unloads_under_load() {
	load_fallback
	workload connect --serve --threads 8 --connects 1000000 --seconds 5 &
	pid=$!
	for _ in 1 2 3 4 5; do
		sleep 0.3
		rmmod tsoffset
		load_fallback
	done
	wait "$pid"
	expect offset_mismatch=0 ledger=balanced
}

run_checks falls_back_with_one_line sees_every_call counts_what_it_misses unloads_under_load
