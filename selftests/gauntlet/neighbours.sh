#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Other users of the same function.
TSOFFSET_SELFTESTS=$(dirname "$0")/../tsoffset
# shellcheck source=selftests/lib.sh
. "$TSOFFSET_SELFTESTS/lib.sh"

NOLOAD=1
SEEN=/sys/module/neighbour/parameters/calls

neighbour() { insmod "$VARIANTS/neighbour.ko" "what=$1"; }

# both N: makes N connects, and expects the neighbour to see all of them.
both() {
	before=$(cat "$SEEN")
	workload connect --serve --threads 8 --connects "$1"
	[ $(($(cat "$SEEN") - before)) -eq "$1" ]
}

# beside KIND: loads the module and the neighbour in each order, and unloads either first.
beside() {
	neighbour "$1"
	load
	both 200
	all_matched 200
	rmmod neighbour
	workload connect --serve --connects 100
	all_matched 300
	neighbour "$1"
	both 200
	all_matched 500
	rmmod tsoffset
	both 100
	rmmod neighbour
}

another_kretprobe() { beside kretprobe; }

# ftrace treats livepatch as such a user.
one_who_may_redirect_it() { beside ipmodify; }

# A hash that changes with each call cannot be compared. The module must report no mismatch.
a_hash_that_is_replaced() {
	mark_log
	load_with outcomes=64
	workload connect --serve --connects 20
	expect hash=kernel offset_match=20 connects_unjudged=0
	neighbour hash
	workload connect --serve --connects 30
	rmmod neighbour
	expect hash=replaced connects_called=50 offset_match=20 offset_mismatch=0 connects_unjudged=30 offset_rewritten=0 \
		accepted_other_offset=0 ledger=balanced
	[ "$(log_since_mark | grep -c 'hash replaced')" -eq 1 ]
	rmmod tsoffset
	# The hash is replaced before the load.
	neighbour hash
	load
	expect hash=replaced connects_called=0
	rmmod neighbour
	# With the original hash again, the module judges again.
	workload connect --serve --connects 10
	expect offset_match=10 connects_unjudged=0
}

run_checks another_kretprobe one_who_may_redirect_it a_hash_that_is_replaced
