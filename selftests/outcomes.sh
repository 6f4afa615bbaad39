#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What comes after connects: how handshakes end, and whether offsets were rewritten.
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

NOLOAD=1
EVENTS=/proc/tsoffset/events

# From here on, events are kept for this reader.
listen() { exec 3< "$EVENTS"; }

# What came since, in /tmp/events. cat waits for more, until it is stopped.
heard() {
	timeout 2 cat <&3 > /tmp/events || [ $? -eq 124 ]
	exec 3<&-
}

# value KEY: of each line of events on standard input that has it.
value() { sed -nE "s/.*\"$1\":\"?([^,\"}]*).*/\1/p"; }

# outcomes NAME: so many of these.
outcomes() { grep -c "\"event\":\"outcome\".*\"outcome\":\"$1\"" /tmp/events || sleep 0; }

# A peer that is there and does not answer: its hardware address is nobody's.
silent_peer() {
	two_namespaces
	ip -n left neighbour replace 2001:db8::2 lladdr 02:00:00:00:00:99 dev veth0 nud permanent
	ip netns exec left sysctl -q net.ipv4.tcp_syn_retries=1
}

# to_silent_peer OPTIONS...
to_silent_peer() { ip netns exec left tsoffset-workload connect --to '[2001:db8::2]:7000' "$@" || sleep 0; }

# now: nanoseconds since boot, as far as hundredths of a second go, from the kernel and not from the module.
now() {
	local uptime
	read -r uptime _ < /proc/uptime
	echo $((10#${uptime/./} * 10000000))
}

ended() { [ "$(stat outcomes_pending)" -eq 0 ]; }

off_unless_asked_for() {
	load
	workload connect --serve --threads 2 --connects 10
	expect outcomes=0 outcomes_begun=0 outcome_established=0 offset_kept=0 outcomes_recorded=0
}

every_connect_has_its_outcome() {
	load_with outcomes=1000
	listen
	{
		workload connect --serve --threads 8 --connects 100
		workload connect --serve --kind nonblocking --threads 4 --connects 20
		workload connect --serve --kind blocking --threads 1 --connects 5 --to '[::ffff:127.0.0.1]:7001'
	} > /tmp/connected
	heard
	# Those that the kernel refused for an unfinished handshake, by the workload's count; none without PREEMPT_RT.
	cat /tmp/connected
	refused=$(awk '$1 == "refused" { n += $2 } END { print n + 0 }' /tmp/connected)
	expect outcomes=1024 outcomes_begun=125 outcome_established=$((125 - refused)) outcome_refused="$refused" outcomes_untimed=0 outcomes_overflow=0 \
		outcomes_pending=0 outcomes_recorded=125 outcomes_filtered=0 outcomes_overwritten=0 \
		offset_rewritten=0 ledger=balanced
	[ "$(outcomes established)" -eq $((125 - refused)) ]
	# Each is that of a connect, and no connect is without.
	grep '"event":"connect"' /tmp/events | value cookie | sort > /tmp/connects
	grep '"event":"outcome"' /tmp/events | value cookie | sort | cmp - /tmp/connects
	grep '"event":"connect"' /tmp/events | value sport | sort > /tmp/connects
	grep '"event":"outcome"' /tmp/events | value sport | sort | cmp - /tmp/connects
	# In the order of their times.
	value time < /tmp/events | sort -c -n
	# Client and accepted socket were closed with the offsets that they should have.
	wait_for 5 reached offset_kept $((250 - 2 * refused))
}

refused_and_failed() {
	load_with outcomes=64
	listen
	workload refused --times 10
	heard
	# Ports that are taken: the call fails when the socket has begun to connect. Before it does so, there is
	# nothing to end.
	expect outcome_refused=10 outcome_established=10 outcome_closed=10 outcomes_begun=30 outcomes_pending=0
	[ "$(outcomes refused)" -eq 10 ]
	[ "$(grep '"outcome":"refused"' /tmp/events | value error | sort -u)" -eq 111 ]
}

nobody_answers() {
	load_with outcomes=64
	silent_peer
	listen
	to_silent_peer --threads 4 --connects 4
	heard
	expect outcome_timeout=4 outcomes_begun=4 outcomes_pending=0 connects_failed=0
	[ "$(outcomes timeout)" -eq 4 ]
	[ "$(grep '"outcome":"timeout"' /tmp/events | value error | sort -u)" -eq 110 ]
	# Two tries, a second or more each.
	for handshake in $(grep '"outcome":"timeout"' /tmp/events | value handshake); do
		[ "$handshake" -gt 1500000000 ] && [ "$handshake" -lt 30000000000 ]
	done
}

no_way_to_the_peer() {
	load_with outcomes=64
	two_namespaces
	# An address of that network that nobody has.
	ip netns exec left tsoffset-workload connect --to '[2001:db8::77]:7000' --threads 2 --connects 2 || :
	expect outcome_unreachable=2 outcomes_begun=2 outcomes_pending=0
}

given_up() {
	load_with outcomes=64
	silent_peer
	to_silent_peer --kind abandoned --threads 2 --connects 6
	expect outcome_closed=6 outcomes_begun=6 outcomes_pending=0 connects_called=6 connects_failed=0
}

the_time_is_that_of_the_handshake() {
	load_with outcomes=64
	silent_peer
	ip netns exec left sysctl -q net.ipv4.tcp_syn_retries=5
	serve ip netns exec right -- --listen '[::]:7000'
	listen
	begun=$(now)
	to_silent_peer --threads 1 --connects 1 &
	wait_for 20 reached outcomes_pending 1
	# Now the peer is reached, by the next try.
	ip -n left neighbour delete 2001:db8::2 dev veth0
	wait
	lasted=$(($(now) + 10000000 - begun))
	heard
	expect outcome_established=1 outcomes_pending=0
	handshake=$(grep '"outcome":"established"' /tmp/events | value handshake)
	duration=$(grep '"event":"connect"' /tmp/events | value duration)
	echo "handshake $handshake, call $duration, all of it $lasted"
	# The next try comes a second after the first, or later.
	[ "$handshake" -gt 500000000 ] && [ "$handshake" -lt "$lasted" ] && [ "$duration" -lt "$handshake" ]
}

where_there_is_no_room() {
	load_with outcomes=1
	silent_peer
	# One set of four places.
	to_silent_peer --threads 10 --connects 10
	wait_for 5 ended
	expect outcomes=4 outcomes_begun=10 outcomes_overflow=6 outcome_timeout=10 outcomes_untimed=6 \
		outcomes_pending=0 outcomes_recorded=10
}

the_filter_holds_for_them() {
	load_with outcomes=64
	echo 'dport=7001 uid=!77' > /proc/tsoffset/filter
	workload connect --serve --threads 2 --connects 10
	workload connect --serve --threads 2 --connects 5 --to '[::1]:7001'
	expect connects_filtered=10 connects_recorded=5 outcomes_filtered=10 outcomes_recorded=5 outcome_established=15
}

rewritten_offsets_are_found() {
	insmod "$VARIANTS/tsoffset-rewrite.ko" outcomes=64
	listen
	workload connect --serve --threads 2 --connects 20 --priority 0x7e58
	workload connect --serve --threads 2 --connects 10
	heard
	expect offset_match=30 offset_rewritten=20 offset_mismatch=0
	grep '"event":"rewritten"' /tmp/events > /tmp/rewritten
	[ "$(wc -l < /tmp/rewritten)" -eq 20 ]
	# As connect had left it, and as it was then.
	awk 'function number(key) { match($0, "\"" key "\":[0-9]+"); return substr($0, RSTART + length(key) + 3, RLENGTH - length(key) - 3) }
		/"event":"connect"/ { offset[number("cookie")] = number("offset") }
		/"event":"rewritten"/ && (number("expected") != offset[number("cookie")] || number("offset") == number("expected")) { exit 1 }' \
		/tmp/events
}

what_a_user_set_is_not_judged() {
	load_with outcomes=64
	workload repair --connects 5
	wait_for 5 reached offset_unjudged 5
	expect offset_repair=5 offset_unjudged=5 offset_rewritten=0 outcomes_begun=0
}

namespaces_have_their_own() {
	load_with outcomes=64
	two_namespaces
	ip netns exec left tsoffset-workload connect --serve --threads 2 --connects 7
	[ "$(ip netns exec left cat /proc/net/tsoffset | field outcome_established)" -eq 7 ]
	[ "$(ip netns exec right cat /proc/net/tsoffset | field outcome_established)" -eq 0 ]
	ip netns exec left cat /proc/net/tsoffset > /tmp/left
	[ -z "$(field outcomes_pending < /tmp/left)" ]
}

unloading_under_load() {
	for _ in 1 2 3 4 5; do
		(workload connect --serve --threads 8 --connects 1000000 > /dev/null &)
		load_with outcomes=16
		wait_for 20 reached outcomes_begun 5
		rmmod tsoffset
		stop_workloads
	done
}

refusals() {
	refuses 'Invalid parameters' 'outcomes=65537 is not within 0 to 65536' load_with outcomes=65537
	refuses 'Unknown symbol in module' 'cannot use the tracepoint inet_sock_set_state_missing: ENOENT' \
		insmod "$VARIANTS/tsoffset-no-tracepoint.ko" outcomes=1
	load_with outcomes=65536
	expect outcomes=65536
}

run_checks off_unless_asked_for every_connect_has_its_outcome refused_and_failed nobody_answers \
	no_way_to_the_peer given_up the_time_is_that_of_the_handshake where_there_is_no_room \
	the_filter_holds_for_them rewritten_offsets_are_found what_a_user_set_is_not_judged \
	namespaces_have_their_own unloading_under_load refusals
