#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# /proc/net/tsoffset: each network namespace sees only its own connects.
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

NETWORK=/proc/net/tsoffset

# of NAMESPACE: prints that namespace's counters.
of() { ip netns exec "$1" cat "$NETWORK"; }

# has NAMESPACE NAME=VALUE...: compares lines of that namespace's counters.
has() {
	namespace=$1
	shift
	of "$namespace" | compare "$@" | sed "s/^/$namespace: /"
}

# connects NAMESPACE N: makes N connects over that namespace's loopback.
connects() { ip netns exec "$1" tsoffset-workload connect --serve --threads 4 --connects "$2"; }

counted_from_the_first_connect() {
	ip netns add left
	ip -n left link set lo up
	has left connects_called=0 ledger=balanced probe_armed=1
	connects left 1
	has left connects_called=1 connects_returned=1 offset_match=1 ledger=balanced
}

each_sees_its_own() {
	two_namespaces
	before=$(field connects_called < "$NETWORK")
	connects left 30
	connects right 50
	workload connect --serve --threads 2 --connects 20
	settle
	has left version=1 connects_called=30 connects_entered=30 offset_match=30 connects_recorded=30 ledger=balanced
	has right connects_called=50 connects_returned=50 offset_match=50 ledger=balanced
	[ "$(field connects_called < "$NETWORK")" -eq $((before + 20)) ]
	all_matched 100
	# All namespaces share the rings and the tables, so the file has no lines about them.
	of left | awk '{ print $1 }' > /tmp/left
	awk '$1 !~ /^(records_.*|outcomes_(pending|overwritten)|accepts_overwritten)$/ { print $1 }' "$STATS" | diff - /tmp/left
}

each_has_its_policy() {
	two_namespaces
	ip netns exec left sysctl -q net.ipv4.tcp_timestamps=2
	ip netns exec right sysctl -q net.ipv4.tcp_timestamps=0
	has left policy=zero
	has right policy=off
	expect policy=per-connection
	connects left 5
	connects right 5
	has left offset_zero=5 offset_match=0
	has right offset_zero=5
	has right connects_called=5
}

for_everyone_there() {
	ip netns add left
	ip netns exec left su -s /bin/sh nobody -c "cat $NETWORK" > /tmp/read
	[ "$(field connects_called < /tmp/read)" = 0 ]
	# A container with its own user namespace sees its own file, too.
	unshare --user --map-root-user --net cat "$NETWORK" > /tmp/read
	[ "$(field connects_called < /tmp/read)" = 0 ]
	[ "$(busybox stat -c %a "$NETWORK")" = 444 ]
}

# The host's counters keep the counts of deleted namespaces.
nothing_is_lost_with_a_namespace() {
	for round in 1 2 3 4 5 6 7 8; do
		ip netns add left
		ip -n left link set lo up
		connects left 10 > /dev/null
		has left connects_called=10
		ip netns delete left
		# A namespace is deleted some time after its last socket. The sum stays the same before, during and after
		# the deletion.
		[ "$(stat connects_called)" -eq $((round * 10)) ]
	done
	all_matched 80
}

# Open files hold the module, even if their namespace is deleted.
open_files_do_no_harm() {
	ip netns add left
	rm -f /tmp/open
	ip netns exec left sh -c "exec 5< $NETWORK && touch /tmp/open && exec sleep 1000" &
	holder=$!
	trap 'kill "$holder"' EXIT
	wait_for 20 test -e /tmp/open
	exec 4< "$NETWORK"
	head -c 10 <&4 > /dev/null
	ip netns delete left
	# Each open file holds its namespace and the module.
	[ "$(cat /sys/module/tsoffset/refcnt)" -eq 2 ]
	if rmmod tsoffset 2> /dev/null; then return 1; fi
	exec 4<&-
	kill "$holder"
	wait "$holder" || :
	trap - EXIT
	wait_for 20 grep -qx 0 /sys/module/tsoffset/refcnt
	rmmod tsoffset
	[ ! -e "$NETWORK" ]
	load
	expect connects_called=0
}

come_and_go_under_load() {
	workload connect --serve --threads 4 --connects 1500 > /tmp/connected &
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
		unshare --net sh -c "ip link set lo up
			tsoffset-workload connect --serve --threads 2 --connects 5 > /dev/null; cat $NETWORK" |
			field connects_called
	done > /tmp/each
	wait
	[ "$(grep -cx 5 /tmp/each)" -eq 12 ]
	grep -x 'connects 1500' /tmp/connected
	all_matched 1560
}

run_checks counted_from_the_first_connect each_sees_its_own each_has_its_policy for_everyone_there \
	nothing_is_lost_with_a_namespace open_files_do_no_harm come_and_go_under_load
