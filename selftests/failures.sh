#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Attempts to connect that fail, in the call or after it: one event each, with its reason and its caller.
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=selftests/lib-events.sh
. "$(dirname "$0")/lib-events.sh"

NOLOAD=1

# counted_by_reason NAME=VALUE...: expects these failed_ lines, and 0 in every other.
counted_by_reason() { expect_only failed_ 'refused timeout reset unreachable no_route no_port filtered closed error' "$@"; }

in_left() { ip netns exec left tsoffset-workload "$@" || :; }

off_by_default() {
	load
	workload refused --times 2
	counted_by_reason
	expect failures_recorded=0 failures_filtered=0
	[ "$(stat connects_failed)" -gt 0 ]
}

# The workload knows how many of each kind it made.
each_attempt_has_one_event() {
	load_with outcomes=64
	workload refused --times 10 > /tmp/refused
	cat /tmp/refused
	# "multicast" and "no-route"; "short-address" and "wrong-family"; "port-taken"; "nobody-listens".
	counted_by_reason no_route=20 error=20 no_port=10 refused=10
	expect failures_recorded=60 failures_filtered=0 ledger=balanced
	[ "$(stat connects_failed)" -eq "$(field failed-inside < /tmp/refused)" ]
	# 70 connects, 30 outcomes and 60 failures.
	oldest 160 failed
	[ "$(wc -l < /tmp/failed)" -eq 60 ]
	[ "$(of cookie < /tmp/failed | sort -u | wc -l)" -eq 60 ]
	# A failure in the call agrees with the record of the call.
	grep '"stage":"call"' /tmp/failed | sed -E 's/.*"cookie":([0-9]+),.*"error":([0-9]+),"duration":([0-9]+),"pid":([0-9]+).*/\1 -\2 \3 \4/' |
		sort > /tmp/calls
	grep '"event":"connect"' /tmp/events | grep -v '"error":0,' |
		sed -E 's/.*"pid":([0-9]+).*"cookie":([0-9]+),.*"error":(-[0-9]+),.*"duration":([0-9]+).*/\2 \3 \4 \1/' | sort | diff - /tmp/calls
	# A failure after the call belongs to a call that returned 0, and has its task, too.
	grep '"stage":"handshake"' /tmp/failed | sed -E 's/.*"cookie":([0-9]+),.*"pid":([0-9]+),"tgid":([0-9]+),"uid":([0-9]+),"comm":"([^"]*)".*/\1 \2 \3 \4 \5/' |
		sort > /tmp/later
	[ "$(wc -l < /tmp/later)" -eq 10 ]
	grep '"event":"connect"' /tmp/events | grep '"error":0,' |
		sed -E 's/.*"pid":([0-9]+),"tgid":([0-9]+),"uid":([0-9]+),"comm":"([^"]*)".*"cookie":([0-9]+),.*/\5 \1 \2 \3 \4/' > /tmp/returned
	[ "$(grep -cxF -f /tmp/returned /tmp/later)" -eq 10 ]
	[ "$(of comm < /tmp/failed | sort -u)" = tsoffset-worklo ]
}

# The socket has the error of its last connection, ECONNRESET. The failure is that of the call, once.
reason_after_a_disconnect() {
	load_with outcomes=64
	workload refused --times 10 --after-disconnect
	counted_by_reason no_port=10
	expect failures_recorded=10 connects_failed=10 outcomes_begun=30 outcome_established=20 outcome_closed=10 outcome_reset=0
	# 30 connects, 30 outcomes, 20 accepts and 10 failures.
	oldest 90 failed
	[ "$(of reason < /tmp/failed | sort -u)" = no_port ]
	[ "$(of stage < /tmp/failed | sort -u)" = call ]
	[ "$(of error < /tmp/failed | sort -u)" = 99 ]
}

timeouts_have_their_peer() {
	load_with outcomes=64
	silent_peer
	ip netns exec left su -s /bin/sh nobody -c 'tsoffset-workload connect --to "[2001:db8::2]:7000" --threads 2 --connects 2' || :
	counted_by_reason timeout=2
	oldest 6 failed
	[ "$(of uid < /tmp/failed | sort -u)" = 65534 ]
	[ "$(of error < /tmp/failed | sort -u)" = 110 ]
	[ "$(of stage < /tmp/failed | sort -u)" = handshake ]
	[ "$(of dport < /tmp/failed | sort -u)" = 7000 ]
	for duration in $(of duration < /tmp/failed); do [ "$duration" -gt 1500000000 ]; done
}

unreachable_and_closed() {
	load_with outcomes=64
	silent_peer
	# No device has this address of the network. The kernel asks for it three times, in less time than that of two SYNs.
	ip netns exec left sysctl -q net.ipv6.neigh.veth0.retrans_time_ms=200
	in_left connect --to '[2001:db8::77]:7000' --threads 2 --connects 2
	counted_by_reason unreachable=2
	in_left connect --to '[2001:db8::2]:7000' --kind abandoned --threads 2 --connects 6
	counted_by_reason unreachable=2 closed=6
}

# Both ends send a SYN, and then the peer resets: the one failure in SYN_RECV.
reset_in_a_simultaneous_open() {
	load_with outcomes=64
	silent_peer
	# The SYN is repeated for two minutes: the peer can be late.
	ip netns exec left sysctl -q net.ipv4.tcp_syn_retries=6
	# "left" would answer to another hardware address.
	ip -n right neighbour replace 2001:db8::1 lladdr "$(ip netns exec left cat /sys/class/net/veth0/address)" dev veth0 nud permanent
	for port in 5001 5002 5003; do
		in_left connect --from "[2001:db8::1]:$port" --to '[2001:db8::2]:7000' --connects 1 &
		wait_for 10 reached outcomes_begun $((port - 5000))
		ip netns exec right tsoffset-workload cross --from '[2001:db8::2]:7000' --to "[2001:db8::1]:$port"
		wait
	done
	counted_by_reason reset=3
	expect outcomes_begun=3 outcome_reset=3 outcomes_pending=0 accepted_owned=0 failures_recorded=3
	oldest 9 failed
	[ "$(of error < /tmp/failed | sort -u)" = 104 ]
	[ "$(of reason < /tmp/failed | sort -u)" = reset ]
	[ "$(of comm < /tmp/failed | sort -u)" = tsoffset-worklo ]
}

# A subflow's answer can come before the application's call returns. Each failure is one of the handshake.
subflows_fail_once() {
	[ -e /proc/sys/net/mptcp/enabled ] || exit "$KSFT_SKIP"
	load_with outcomes=64
	silent_peer
	sysctl -q net.mptcp.enabled=1
	ip netns exec left sysctl -q net.mptcp.enabled=1
	workload connect --kind mptcp --to '[::1]:1' --threads 2 --connects 10 || :
	counted_by_reason refused=10
	expect outcomes_begun=10 outcome_refused=10 failures_recorded=10 connects_failed=0
	in_left connect --kind mptcp --to '[2001:db8::2]:7000' --threads 2 --connects 2
	counted_by_reason refused=10 timeout=2
	expect outcomes_begun=12 outcome_refused=10 outcome_timeout=2 failures_recorded=12
	oldest 36 failed
	[ "$(of stage < /tmp/failed | sort -u)" = handshake ]
	# The first subflow's parent is the application's socket.
	[ "$(of parent < /tmp/failed | sort -u | wc -l)" -eq 12 ] && [ "$(of parent < /tmp/failed | grep -cx 0)" -eq 0 ]
}

rejected_by_a_rule() {
	load_with outcomes=64
	two_namespaces
	ip -n left -6 route add prohibit 2001:db8:bad::/48
	in_left connect --to '[2001:db8:bad::1]:7000' --connects 1
	counted_by_reason filtered=1
	oldest 2 failed
	[ "$(of error < /tmp/failed)" = 13 ] && [ "$(of stage < /tmp/failed)" = call ]
}

# Without a free slot, nobody knows which task called. The event, the user of the socket and the count stay.
full_table_has_no_task() {
	load_with outcomes=1
	silent_peer
	in_left connect --to '[2001:db8::2]:7000' --threads 10 --connects 10
	wait_for 10 reached failed_timeout 10
	# One user has half of the slots.
	expect outcomes=4 outcomes_overflow=8 outcomes_capped=8 failures_recorded=10
	oldest 30 failed
	[ "$(grep -c '"duration":null,"pid":null,"tgid":null,"uid":0,"comm":null,' /tmp/failed)" -eq 8 ]
	[ "$(grep -c '"comm":"tsoffset-worklo"' /tmp/failed)" -eq 2 ]
	# A negated word leaves them in, another one leaves them out. Their user is known.
	echo 'event=failed pid=!1' > /proc/tsoffset/filter
	in_left connect --to '[2001:db8::2]:7000' --threads 10 --connects 10
	wait_for 10 reached failed_timeout 20
	expect failures_recorded=20 failures_filtered=0
	echo 'event=failed uid=0' > /proc/tsoffset/filter
	in_left connect --to '[2001:db8::2]:7000' --threads 10 --connects 10
	wait_for 10 reached failed_timeout 30
	expect failures_recorded=30 failures_filtered=0
	echo 'event=failed pid=1' > /proc/tsoffset/filter
	in_left connect --to '[2001:db8::2]:7000' --threads 10 --connects 10
	wait_for 10 reached failed_timeout 40
	expect failures_recorded=30 failures_filtered=10
}

# A deferred connect waits for the first write. Its socket has the error of its last connection, and sends nothing before the
# close.
connects_that_send_nothing() {
	load_with outcomes=64
	serve env -- --listen '[::]:7000'
	sysctl -q net.ipv4.tcp_fastopen=3
	# The first connection fetches the cookie.
	workload connect --kind fastopen --threads 1 --connects 1
	workload connect --kind unsent --threads 1 --connects 10
	sysctl -q net.ipv4.tcp_fastopen=1
	counted_by_reason closed=10
	expect outcomes_begun=21 outcome_established=11 outcome_closed=10 outcome_reset=0 outcomes_pending=0 connects_failed=0
}

# The write that would send the SYN finds no route. The kernel's error is that of the connection before.
connects_that_cannot_send() {
	load_with outcomes=64
	two_namespaces
	ip netns exec left sysctl -q net.ipv4.tcp_fastopen=3
	ip netns exec right sysctl -q net.ipv4.tcp_fastopen=3
	serve ip netns exec right -- --listen '[::]:7000'
	in_left connect --to '[2001:db8::2]:7000' --kind fastopen --threads 1 --connects 1
	in_left connect --to '[2001:db8::2]:7000' --kind unsendable --threads 1 --connects 10
	counted_by_reason closed=10
	expect outcomes_begun=21 outcome_established=11 outcome_closed=10 outcome_reset=0 outcomes_pending=0 connects_failed=0
}

# Outcomes and failures share a ring on each CPU, and each failed handshake takes two entries. The counts stay.
one_user_replaces_events() {
	load_with outcomes=64 records=16
	echo event=failed,outcome,rewritten > /proc/tsoffset/filter
	taskset 1 tsoffset-workload refused --times 1
	oldest 9 failed
	[ "$(of uid < /tmp/failed | sort | uniq -c | xargs)" = '6 0' ]
	expect outcomes_overwritten=0
	su -s /bin/sh nobody -c 'taskset 1 tsoffset-workload refused --times 20'
	# 63 outcomes and 126 failures.
	expect outcomes_recorded=63 failures_recorded=126 failed_refused=21
	overwritten=$(stat outcomes_overwritten)
	left=$((189 - overwritten))
	echo "$overwritten are replaced, $left are left"
	[ "$overwritten" -ge $((189 - 32)) ]
	oldest "$left" failed
	[ "$(of uid < /tmp/failed | sort -u)" = 65534 ]
}

failed_connects_only() {
	load_with outcomes=64
	echo event=failed > /proc/tsoffset/filter
	workload connect --serve --threads 2 --connects 10
	workload refused --times 5
	expect connects_recorded=0 outcomes_recorded=0 failures_recorded=30 failures_filtered=0
	oldest 30 failed
	[ "$(wc -l < /tmp/failed)" -eq 30 ]
}

filter_by_reason_and_caller() {
	load_with outcomes=64
	echo 'event=failed reason=refused,no_port uid=65534' > /proc/tsoffset/filter
	[ "$(cat /proc/tsoffset/filter)" = 'event=failed reason=refused,no_port uid=65534' ]
	workload refused --times 2
	expect failures_recorded=0 failures_filtered=12
	su -s /bin/sh nobody -c 'tsoffset-workload refused --times 3'
	expect failures_recorded=6 failures_filtered=24
	oldest 6 failed
	[ "$(of reason < /tmp/failed | sort | uniq -c | awk '{ print $2, $1 }' | xargs)" = 'no_port 3 refused 3' ]
	if (echo reason=tired > /proc/tsoffset/filter) 2> /dev/null; then return 1; fi
}

failures_by_namespace() {
	load_with outcomes=64
	two_namespaces
	in_left refused --times 3
	[ "$(ip netns exec left cat /proc/net/tsoffset | field failed_refused)" -eq 3 ]
	[ "$(ip netns exec right cat /proc/net/tsoffset | field failed_refused)" -eq 0 ]
	# Every count is kept when the namespace goes.
	ip netns delete left
	sleep 1
	expect failed_refused=3
}

counted_without_records() {
	load_with outcomes=64 records=0
	workload refused --times 4
	counted_by_reason no_route=8 error=8 no_port=4 refused=4
	expect failures_recorded=0 failures_filtered=24
}

run_checks off_by_default each_attempt_has_one_event reason_after_a_disconnect timeouts_have_their_peer unreachable_and_closed rejected_by_a_rule \
	reset_in_a_simultaneous_open subflows_fail_once \
	full_table_has_no_task connects_that_send_nothing connects_that_cannot_send one_user_replaces_events failed_connects_only filter_by_reason_and_caller failures_by_namespace \
	counted_without_records
