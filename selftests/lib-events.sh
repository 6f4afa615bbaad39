# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Common functions of the selftests that read events. A script sources this file after lib.sh.

EVENTS=/proc/tsoffset/events

# of KEY: prints KEY's value from each line of events on standard input.
of() { sed -nE "s/.*\"$1\":\"?([^,\"}]*).*/\1/p"; }

# Opens events, so that this reader gets all later events.
listen() {
	exec 3< "$EVENTS"
	earlier=$(recorded)
}

# recorded: prints the number of events that stats counts.
recorded() { awk '$1 ~ /_recorded$/ { n += $2 } END { print n }' "$STATS"; }

# Writes the events since "listen" to /tmp/events, with those of connects that end within two seconds. Fails if stats counts
# more events.
heard() {
	local reader status=0
	cat <&3 > /tmp/events &
	reader=$!
	wait_for 2 ended || sleep 0
	wait_for 20 all_heard || status=1
	[ "$status" -eq 0 ] || echo "events are $(wc -l < /tmp/events) instead of at least $(($(recorded) - earlier))"
	kill "$reader" || sleep 0
	wait "$reader" || sleep 0
	exec 3<&-
	return "$status"
}

all_heard() { [ "$(wc -l < /tmp/events)" -ge $(($(recorded) - earlier)) ]; }

ended() { [ "$(stat outcomes_pending)" -eq 0 ]; }

# A peer exists but never answers, because its hardware address belongs to no device.
silent_peer() {
	two_namespaces
	ip -n left neighbour replace 2001:db8::2 lladdr 02:00:00:00:00:99 dev veth0 nud permanent
	ip netns exec left sysctl -q net.ipv4.tcp_syn_retries=1
}

# to_silent_peer OPTIONS...: connects to the silent peer.
to_silent_peer() { ip netns exec left tsoffset-workload connect --to '[2001:db8::2]:7000' "$@" || sleep 0; }

# expect_only PREFIX "NAME..." NAME=VALUE...: expects these lines of the prefix, and 0 in the others of the names.
expect_only() {
	local name prefix=$1 names=$2
	shift 2
	for name in $names; do
		[[ " $* " == *" $name="* ]] || set -- "$@" "$name=0"
	done
	expect "${@/#/$prefix}"
}

# oldest N KIND: stores the N oldest events in /tmp/events, and those of the kind in /tmp/KIND.
oldest() {
	tsoffset-workload follow "$EVENTS" --oldest --lines "$1" > /tmp/events
	grep "\"event\":\"$2\"" /tmp/events > "/tmp/$2"
}
