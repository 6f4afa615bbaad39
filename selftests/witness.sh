#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The witness: the workload makes a known number of reads of a socket's timestamp overlap its connect. The module must
# report the same number.
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

NOLOAD=1

# nothing_lost: expects no missed, torn or overflowed read.
nothing_lost() { expect reader_missed=0 reader_torn=0 reader_overflow=0 ledger=balanced; }

off_by_default() {
	load
	workload overlap --how beside --reads 6
	expect witness=off reader_getsockopt=0 connects_called=6
}

beside_a_connect_is_no_overlap() {
	load_with witness=1
	workload overlap --how beside --reads 90
	expect witness=on reader_getsockopt=90 reader_overlap_possible=0 reader_overlap_certain=0 \
		reader_unjudged=0 offset_match=90
	nothing_lost
}

within_and_before_the_store() {
	if [ "$(online_cpus | wc -l)" -lt 2 ]; then return "$KSFT_SKIP"; fi
	insmod "$VARIANTS/testhook.ko" hold=1
	load_with witness=1
	mark_log
	workload overlap --how before-store --reads 200
	[ "$(log_since_mark | wc -l)" -eq 0 ]
	expect reader_getsockopt=200 reader_overlap_certain=200 reader_overlap_possible=200 \
		reader_unjudged=0 offset_match=1
	nothing_lost
}

within_and_after_the_store() {
	load_with witness=1
	sysctl -q net.ipv4.tcp_fastopen=3
	workload overlap --how after-store --reads 200
	sysctl -q net.ipv4.tcp_fastopen=1
	expect reader_getsockopt=200 reader_overlap_certain=200 reader_overlap_possible=200 \
		reader_unjudged=0 offset_match=2
	nothing_lost
}

around_a_connect_is_possible() {
	load_with witness=1
	workload overlap --how around --reads 20
	expect reader_getsockopt=20 reader_overlap_certain=0 reader_overlap_possible=20 \
		reader_unjudged=20 offset_match=20
	nothing_lost
}

reads_beyond_maxactive_are_missed() {
	kprobe_hook_only
	load_with witness=1 maxactive=1
	workload overlap --how parked --reads 3
	expect reader_getsockopt=1 reader_missed=2 reader_overlap_possible=0 reader_overflow=0
}

reads_of_one_user_are_capped() {
	kprobe_hook_only
	load_with witness=1 maxactive=8
	workload overlap --how parked --reads 8
	expect reader_getsockopt=4 reader_missed=0 reader_capped=4
}

reads_without_a_slot_are_counted() {
	# All reads are of one socket, which has four slots.
	load_with witness=1 maxactive=32
	workload overlap --how parked --reads 8
	expect reader_getsockopt=8 reader_missed=0 reader_overlap_possible=0 reader_overflow=4
}

witness_not_boolean_is_refused() { refuses 'Invalid parameters' witness load_with witness=maybe; }

run_checks off_by_default beside_a_connect_is_no_overlap within_and_before_the_store \
	within_and_after_the_store around_a_connect_is_possible reads_beyond_maxactive_are_missed \
	reads_of_one_user_are_capped \
	reads_without_a_slot_are_counted witness_not_boolean_is_refused
