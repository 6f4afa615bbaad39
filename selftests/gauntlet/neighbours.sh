#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Others who use the same function.
TSOFFSET_SELFTESTS=$(dirname "$0")/../tsoffset
# shellcheck source=selftests/lib.sh
. "$TSOFFSET_SELFTESTS/lib.sh"

NOLOAD=1
SEEN=/sys/module/neighbour/parameters/calls

neighbour() { insmod "$VARIANTS/neighbour.ko" "what=$1"; }

# both N: so many connects, and each of the two has seen all of them.
both() {
	before=$(cat "$SEEN")
	workload connect --serve --threads 8 --connects "$1"
	[ $(($(cat "$SEEN") - before)) -eq "$1" ]
}

# beside KIND: one comes first, or the other, and either goes first.
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

# What livepatch is for ftrace.
one_who_may_redirect_it() { beside ipmodify; }

run_checks another_kretprobe one_who_may_redirect_it
