#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The sysctl that selects the kind of offset: its values, and changes under load.
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

off() {
	sysctl -q net.ipv4.tcp_timestamps=0
	workload connect --serve --connects 50
	expect policy=off connects_called=50 offset_zero=50 offset_match=0 offset_mismatch=0 ledger=balanced
}

per_connection() {
	sysctl -q net.ipv4.tcp_timestamps=1
	workload connect --serve --connects 50
	all_matched 50
	expect policy=per-connection
}

without_offset() {
	sysctl -q net.ipv4.tcp_timestamps=2
	workload connect --serve --connects 50
	expect policy=zero connects_called=50 offset_zero=50 offset_match=0 offset_mismatch=0 ledger=balanced
}

# flipped VALUES PAUSE: changes the sysctl over and over, also between entry and return of calls. No change may cause a
# mismatch.
flipped() {
	workload flip --values "$1" --pause "$2" --seconds 8 > /tmp/flipped &
	connects=$(workload connect --serve --threads 8 --connects 1000000 --seconds 8 | counted)
	wait $!
	cat /tmp/flipped "$STATS"
	[ "$connects" -gt 100 ]
	expect connects_called="$connects" connects_returned="$connects" connects_missed=0 \
		connects_failed=0 offset_mismatch=0 ledger=balanced
	[ "$(stat offset_changed)" -gt 0 ]
}

flipped_as_fast_as_possible() { flipped 0,1 0; }
flipped_with_pauses() { flipped 0,1,2 300; }

# Writes in another namespace do not hide a wrong offset.
flipped_elsewhere() {
	rmmod tsoffset
	insmod "$VARIANTS/tsoffset-broken-ports.ko"
	ip netns add left
	ip netns exec left tsoffset-workload flip --values 0,1 --pause 0 --seconds 60 > /tmp/flipped &
	flipping=$!
	sleep 1
	workload connect --serve --threads 4 --connects 200
	kill -0 "$flipping"
	killall tsoffset-workload
	wait "$flipping" || :
	expect connects_called=200 offset_mismatch=200 offset_changed=0 ledger=balanced
}

# The mutant misses all writes, as if other users held all instances. The module must not report mismatches for them.
writes_that_are_missed() {
	rmmod tsoffset
	insmod "$VARIANTS/tsoffset-missed-write.ko"
	ip netns add left
	ip -n left link set lo up
	tsoffset-workload flip --values 0,1 --pause 0 --seconds 8 > /tmp/flipped &
	workload connect --serve --threads 8 --connects 1000000 --seconds 8
	wait $!
	flipped=$(field writes < /tmp/flipped)
	expect offset_mismatch=0 connects_unjudged=0 hash=kernel sysctl_missed="$flipped" ledger=balanced
	[ "$(stat offset_changed)" -gt 0 ]
	# The other namespace missed no write.
	ip netns exec left cat /proc/net/tsoffset > /tmp/left
	compare sysctl_missed=0 < /tmp/left
	cat /proc/net/tsoffset > /tmp/here
	compare sysctl_missed="$flipped" < /tmp/here
}

run_checks writes_that_are_missed flipped_elsewhere off per_connection without_offset flipped_as_fast_as_possible flipped_with_pauses
