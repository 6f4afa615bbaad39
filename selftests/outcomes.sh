#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# How handshakes end.
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=selftests/lib-events.sh
. "$(dirname "$0")/lib-events.sh"

NOLOAD=1

# accepted: prints the number of accepted connections since boot that the kernel counts in this namespace.
accepted() { kernel_count Tcp PassiveOpens < /proc/net/snmp; }

# outcomes NAME=COUNT...: compares the numbers of outcomes in /tmp/events.
outcomes() {
	local pair
	for pair; do
		echo "${pair%%=*} $(grep -c "\"event\":\"outcome\".*\"outcome\":\"${pair%%=*}\"" /tmp/events || sleep 0)"
	done > /tmp/outcomes
	compare "$@" < /tmp/outcomes
}

# now: prints the nanoseconds since boot, in steps of 10 ms, from the kernel instead of the module.
now() {
	local uptime
	read -r uptime _ < /proc/uptime
	echo $((10#${uptime/./} * 10000000))
}

off_by_default() {
	load
	workload connect --serve --threads 2 --connects 10
	expect outcomes=0 outcomes_begun=0 outcome_established=0 offset_kept=0 outcomes_recorded=0
}

every_connect_has_its_outcome() {
	local before kept refused
	load_with outcomes=1000
	listen
	before=$(accepted)
	{
		workload connect --serve --threads 8 --connects 100
		workload connect --serve --kind nonblocking --threads 4 --connects 20
		workload connect --serve --kind blocking --threads 1 --connects 5 --to '[::ffff:127.0.0.1]:7001'
	} > /tmp/connected
	heard
	# The workload counts the connects that the kernel refused for an unfinished handshake. Without PREEMPT_RT there are
	# none.
	cat /tmp/connected
	refused=$(awk '$1 == "refused" { n += $2 } END { print n + 0 }' /tmp/connected)
	expect outcomes=1024 outcomes_begun=125 outcome_established=$((125 - refused)) outcome_refused="$refused" outcomes_untimed=0 outcomes_overflow=0 \
		outcomes_pending=0 outcomes_recorded=125 outcomes_filtered=0 outcomes_overwritten=0 \
		offset_rewritten=0 accepted_other_offset=0 ledger=balanced
	outcomes established=$((125 - refused))
	# Each outcome belongs to a connect, and each connect has an outcome.
	grep '"event":"connect"' /tmp/events | of cookie | sort > /tmp/connects
	grep '"event":"outcome"' /tmp/events | of cookie | sort | cmp - /tmp/connects
	grep '"event":"connect"' /tmp/events | of sport | sort > /tmp/connects
	grep '"event":"outcome"' /tmp/events | of sport | sort | cmp - /tmp/connects
	# Events come in the order of their times.
	of time < /tmp/events | sort -c -n
	# Clients and accepted sockets keep the expected offsets until they are closed. On PREEMPT_RT, the workload can close its
	# listener before the kernel has read the last packet of a handshake: that connection has no accepted socket.
	kept=$((125 - refused + $(accepted) - before))
	echo "accepted $(($(accepted) - before))"
	wait_for 5 reached offset_kept "$kept" || :
	expect offset_kept="$kept"
}

refused_and_failed() {
	load_with outcomes=64
	listen
	workload refused --times 10
	heard
	# A connect from taken ports fails after the socket has begun to connect. The other kinds fail before that, so they
	# have no outcome.
	expect outcome_refused=10 outcome_established=10 outcome_closed=10 outcomes_begun=30 outcomes_pending=0
	outcomes refused=10
	[ "$(grep '"outcome":"refused"' /tmp/events | of error | sort -u)" -eq 111 ]
}

handshakes_time_out() {
	load_with outcomes=64
	silent_peer
	listen
	to_silent_peer --threads 4 --connects 4
	heard
	expect outcome_timeout=4 outcomes_begun=4 outcomes_pending=0 connects_failed=0
	outcomes timeout=4
	[ "$(grep '"outcome":"timeout"' /tmp/events | of error | sort -u)" -eq 110 ]
	# Two tries take a second or more each.
	for handshake in $(grep '"outcome":"timeout"' /tmp/events | of handshake); do
		[ "$handshake" -gt 1500000000 ]
		[ "$handshake" -lt 30000000000 ]
	done
}

peer_is_unreachable() {
	load_with outcomes=64
	two_namespaces
	# No device has this address of the network.
	ip netns exec left tsoffset-workload connect --to '[2001:db8::77]:7000' --threads 2 --connects 2 || :
	expect outcome_unreachable=2 outcomes_begun=2 outcomes_pending=0
}

closed_in_the_handshake() {
	load_with outcomes=64
	silent_peer
	to_silent_peer --kind abandoned --threads 2 --connects 6
	expect outcome_closed=6 outcomes_begun=6 outcomes_pending=0 connects_called=6 connects_failed=0
}

repair_in_the_handshake_keeps_no_slot() {
	load_with outcomes=64
	silent_peer
	ip netns exec left tsoffset-workload repair --to '[2001:db8::2]:7000' --in-handshake --connects 200
	expect outcomes_begun=200 outcome_closed=200 outcomes_overflow=0 outcomes_untimed=0 outcomes_pending=0
}

# A user beyond its share hides no failure so.
repair_in_the_handshake_hides_nothing() {
	load_with outcomes=1
	silent_peer
	ip netns exec left sysctl -q net.ipv4.tcp_syn_retries=6
	to_silent_peer --threads 2 --connects 2 &
	wait_for 20 reached outcomes_pending 2
	ip netns exec left tsoffset-workload repair --to '[2001:db8::2]:7000' --in-handshake --connects 20
	expect outcomes_begun=22 outcomes_capped=20 outcome_closed=20 failed_closed=20 failures_recorded=20
	stop_workloads
	wait
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
	# The next try reaches the peer.
	ip -n left neighbour delete 2001:db8::2 dev veth0
	wait
	lasted=$(($(now) + 10000000 - begun))
	heard
	expect outcome_established=1 outcomes_pending=0
	handshake=$(grep '"outcome":"established"' /tmp/events | of handshake)
	duration=$(grep '"event":"connect"' /tmp/events | of duration)
	echo "handshake $handshake, call $duration, all of it $lasted"
	# The next try follows the first after a second or more.
	[ "$handshake" -gt 500000000 ] && [ "$handshake" -lt "$lasted" ] && [ "$duration" -lt "$handshake" ]
}

# as_user USER OPTIONS...: connects to the silent peer as USER, in the background.
as_user() {
	ip netns exec left su -s /bin/sh "$1" -c "tsoffset-workload connect --to '[2001:db8::2]:7000' ${*:2}" &
}

# Two users have half of the slots each, so that a third one finds none.
full_table_is_counted() {
	load_with outcomes=1
	silent_peer
	ip netns exec left sysctl -q net.ipv4.tcp_syn_retries=3
	# The table has one set of four slots.
	as_user root --threads 6 --connects 6
	wait_for 20 reached outcomes_begun 6
	as_user nobody --threads 6 --connects 6
	wait_for 20 reached outcomes_begun 12
	expect outcomes=4 outcomes_pending=4 outcomes_overflow=8 outcomes_capped=8
	as_user daemon --threads 3 --connects 3
	wait_for 20 reached outcomes_begun 15
	expect outcomes_pending=4 outcomes_overflow=11 outcomes_capped=8
	wait
	wait_for 60 ended
	expect outcomes_begun=15 outcomes_overflow=11 outcome_timeout=15 outcomes_untimed=11 outcomes_pending=0 outcomes_recorded=15
	# Every charge is given back with its slot.
	to_silent_peer --kind abandoned --threads 1 --connects 6
	expect outcomes_overflow=11 outcome_closed=6
}

# A user with more handshakes than slots takes half of them. The failures of the others still have their callers. Those beyond
# the half have the user of their socket.
one_user_takes_half() {
	# Each CPU has cookies of its own. Those of one CPU are consecutive, and spread evenly over the table's sets of four slots.
	taskset -p -c 0 "$BASHPID"
	load_with outcomes=64
	silent_peer
	ip netns exec left sysctl -q net.ipv4.tcp_syn_retries=2
	echo event=failed > /proc/tsoffset/filter
	listen
	as_user nobody --threads 100 --connects 100
	wait_for 30 reached outcomes_begun 100
	held=$(stat outcomes_pending)
	echo "$held of 64 are held"
	[ "$held" -ge 20 ]
	[ "$held" -le 32 ]
	# A few find their set of four slots full.
	expect outcomes_overflow=$((100 - held))
	[ "$(stat outcomes_capped)" -ge 60 ]
	to_silent_peer --threads 4 --connects 4
	wait
	wait_for 30 ended
	heard
	expect outcomes_begun=104 outcome_timeout=104 failures_recorded=104
	known=$(grep -cE '"pid":[0-9]+,"tgid":[0-9]+,"uid":0,' /tmp/events)
	[ "$known" -ge 3 ]
	[ "$(grep -cE '"pid":[0-9]+,"tgid":[0-9]+,"uid":65534,' /tmp/events)" -eq "$held" ]
	[ "$(grep -c '"pid":null,"tgid":null,"uid":65534,"comm":null,' /tmp/events)" -eq $((100 - held)) ]
	[ "$(grep -c '"pid":null,"tgid":null,"uid":0,"comm":null,' /tmp/events)" -eq $((4 - known)) ]
}

filter_applies_to_outcomes() {
	load_with outcomes=64
	echo 'dport=7001 uid=!77' > /proc/tsoffset/filter
	workload connect --serve --threads 2 --connects 10
	workload connect --serve --threads 2 --connects 5 --to '[::1]:7001'
	expect connects_filtered=10 connects_recorded=5 outcomes_filtered=10 outcomes_recorded=5 outcome_established=15
}

only_failed_connections() {
	load_with outcomes=64
	echo 'outcome=!established' > /proc/tsoffset/filter
	listen
	workload refused --times 10
	heard
	expect outcomes_recorded=20 outcomes_filtered=10 outcome_refused=10 outcome_established=10 outcome_closed=10
	outcomes refused=10 closed=10 established=0
	[ "$(grep -c '"event":"connect"' /tmp/events)" -eq "$(stat connects_failed)" ]
	if grep '"event":"connect"' /tmp/events | grep '"error":0,'; then return 1; fi
}

refused_connects_have_their_errno() {
	load_with outcomes=64
	echo 'errno=111' > /proc/tsoffset/filter
	workload refused --times 10
	expect outcomes_recorded=10 outcomes_filtered=20 connects_recorded=0
}

outcomes_by_namespace() {
	load_with outcomes=64
	two_namespaces
	ip netns exec left tsoffset-workload connect --serve --threads 2 --connects 7
	[ "$(ip netns exec left cat /proc/net/tsoffset | field outcome_established)" -eq 7 ]
	[ "$(ip netns exec right cat /proc/net/tsoffset | field outcome_established)" -eq 0 ]
	ip netns exec left cat /proc/net/tsoffset > /tmp/left
	[ -z "$(field outcomes_pending < /tmp/left)" ]
}

unloading_under_load() {
	for _ in 1 2 3; do
		(workload connect --serve --threads 8 --connects 1000000 > /dev/null &)
		load_with outcomes=16
		wait_for 20 reached outcomes_begun 5
		rmmod tsoffset
		stop_workloads
	done
}

invalid_loads_are_rejected() {
	refuses 'Invalid parameters' 'outcomes=65537 is not within 0 to 65536' load_with outcomes=65537
	refuses 'Unknown symbol in module' 'cannot use the tracepoint inet_sock_set_state_missing: ENOENT' \
		insmod "$VARIANTS/tsoffset-no-tracepoint.ko" outcomes=1
	load_with outcomes=65536
	expect outcomes=65536
}

run_checks off_by_default every_connect_has_its_outcome refused_and_failed handshakes_time_out peer_is_unreachable \
	closed_in_the_handshake repair_in_the_handshake_keeps_no_slot repair_in_the_handshake_hides_nothing \
	the_time_is_that_of_the_handshake full_table_is_counted one_user_takes_half filter_applies_to_outcomes \
	only_failed_connections refused_connects_have_their_errno outcomes_by_namespace unloading_under_load \
	invalid_loads_are_rejected
