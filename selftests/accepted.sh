#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Connections that a listener gets: an event each, with its verdict, and counted apart from connects.
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=selftests/lib-events.sh
. "$(dirname "$0")/lib-events.sh"

NOLOAD=1

# accepted NAME=VALUE...: expects these accepted_ lines, and 0 in every other. The client's connect returns before its last
# packet establishes the listener's socket: ksoftirqd can handle that packet later.
accepted() {
	local pair
	for pair; do
		wait_for 5 reached "accepted_${pair%=*}" "${pair#*=}" || :
	done
	expect_only accepted_ 'match zero absent syncookie chosen unjudged' "$@"
}

off_by_default() {
	load
	workload connect --in-order --serve --threads 2 --connects 10
	accepted
	expect accepts_recorded=0 accepts_filtered=0
}

# Both ends of a connection are here, and have each other's ports.
each_connection_has_its_event() {
	load_with outcomes=64
	workload connect --in-order --serve --threads 4 --connects 30
	accepted match=30
	expect accepts_recorded=30 accepts_filtered=0 outcome_established=30 outcomes_begun=30 outcomes_recorded=30
	all_matched 30
	# 30 connects, 30 outcomes, 30 accepts.
	oldest 90 accepted
	[ "$(wc -l < /tmp/accepted)" -eq 30 ]
	of dport < /tmp/accepted | sort > /tmp/ports
	grep '"event":"connect"' /tmp/events | of sport | sort | diff - /tmp/ports
	[ "$(of sport < /tmp/accepted | sort -u)" = 7000 ]
	[ "$(of verdict < /tmp/accepted | sort -u)" = match ]
	[ "$(of cookie < /tmp/accepted | sort -u | wc -l)" -eq 30 ]
	of offset < /tmp/accepted > /tmp/offsets
	of expected < /tmp/accepted | diff - /tmp/offsets
	[ "$(of netns < /tmp/accepted | sort -u)" = "$(readlink /proc/self/ns/net | tr -dc 0-9)" ]
	# The handshake of the peer began before the answer to its SYN.
	[ "$(of handshake < /tmp/accepted | grep -c null)" -eq 0 ]
}

# silent_right: two namespaces. "right" has the wrong hardware address of its peer: its answers go nowhere until it may_answer.
# "left" need not ask for the address of "right", whose answer would go nowhere, too.
silent_right() {
	two_namespaces
	ip -n left neighbour replace 2001:db8::2 lladdr "$(ip netns exec right cat /sys/class/net/veth0/address)" dev veth0 nud permanent
	ip -n right neighbour replace 2001:db8::1 lladdr 02:00:00:00:00:99 dev veth0 nud permanent
}

# to_right OPTION...: connects from "left", and closes each connection after the reset of "right" only. Packets of one connection
# can pass through two CPUs, as where the first one waits for a hardware address. A reset of "left" could then overtake the last
# packet of the handshake. The end of data overtakes nothing: it establishes the connection, too.
to_right() { ip netns exec left tsoffset-workload connect --until-reset --to '[2001:db8::2]:7000' "$@"; }

serve_right() { serve ip netns exec right -- --listen '[::]:7000' --priority 1; }

may_answer() { ip -n right neighbour delete 2001:db8::1 dev veth0; }

# The peer's answer comes late, because its packets are held back for half a second.
the_time_is_that_of_the_handshake() {
	load_with outcomes=64
	silent_right
	serve_right
	to_right --threads 1 --connects 1 &
	wait_for 20 reached outcomes_pending 1
	sleep 0.5
	may_answer
	wait $!
	accepted match=1
	oldest 3 accepted
	handshake=$(of handshake < /tmp/accepted)
	echo "handshake $handshake"
	[ "$handshake" -gt 400000000 ] && [ "$handshake" -lt 60000000000 ]
}

# early CLIENT-OPTION OPTION...: connects to a silent "right" with data in the SYN, and without cookies of Fast Open. The listener,
# with these options, gets the socket in SYN_RECV.
early() {
	local client=$1
	shift
	silent_right
	for end in left right; do
		ip netns exec "$end" sysctl -q net.ipv4.tcp_fastopen=519
	done
	serve ip netns exec right -- --listen '[::]:7000' "$@"
	ip netns exec left tsoffset-workload connect "$client" --kind fastopen --to '[2001:db8::2]:7000' --threads 1 --connects 1 &
	connecting=$!
}

# A process accepts the socket, reads the data and closes it before its peer has any answer.
closed_before_the_establishment() {
	load_with outcomes=64
	early --in-order
	accepted match=1
	expect outcomes_pending=1 outcome_established=0 accepted_owned=0 accepts_recorded=1
	oldest 2 accepted
	[ "$(of handshake < /tmp/accepted)" = null ]
	may_answer
	wait "$connecting"
	accepted match=1
}

# Any user can give a socket in SYN_RECV a cookie. Only its listener can say that it has none.
a_cookie_hides_no_connection() {
	load_with outcomes=64
	early --until-reset --priority 1 --to-the-end --ask-cookie
	wait_for 20 grep -q '^cookie [1-9]' "$ready"
	accepted
	may_answer
	wait "$connecting"
	accepted match=1
	expect accepted_owned=0 accepts_recorded=1
}

# The offset is the user's: no finding, and none of a BPF program's choices.
an_offset_set_before_the_establishment_is_not_judged() {
	load_with outcomes=64
	early --until-reset --priority 1 --to-the-end --set-offset
	wait_for 20 reached repairs_noted 1
	may_answer
	wait "$connecting"
	accepted unjudged=1
	expect accepted_other_offset=0 accepted_owned=0 accepts_recorded=1
}

both_families() {
	load_with outcomes=64
	serve env -- --listen '[::]:7000'
	workload connect --in-order --to '[::ffff:127.0.0.1]:7000' --threads 2 --connects 8
	workload connect --in-order --to 127.0.0.1:7000 --threads 2 --connects 4
	# Both are v4-mapped for the listener of IPv6.
	accepted match=12
	stop_workloads
	workload connect --in-order --serve --to 127.0.0.1:7001 --threads 2 --connects 5
	accepted match=12
	rmmod tsoffset
	load_with outcomes=64 ipv4=1
	workload connect --in-order --serve --to 127.0.0.1:7002 --threads 2 --connects 5
	accepted match=5
	oldest 15 accepted
	[ "$(of family < /tmp/accepted | sort -u)" = v4 ]
}

chosen_offsets() {
	insmod "$VARIANTS/testhook.ko" choose=1
	load_with outcomes=64
	serve env -- --listen '[::]:7000' --mark 0x7e59
	workload connect --in-order --threads 4 --connects 20
	accepted chosen=20
	expect accepted_other_offset=20
	oldest 60 accepted
	[ "$(of verdict < /tmp/accepted | sort -u)" = chosen ]
	[ "$(awk -F'"offset":|,"expected":|,"verdict"' '$2 == $3' /tmp/accepted | wc -l)" -eq 0 ]
}

without_timestamps() {
	load_with outcomes=64
	sysctl -q net.ipv4.tcp_timestamps=0
	workload connect --in-order --serve --threads 2 --connects 6
	accepted zero=6
	sysctl -q net.ipv4.tcp_timestamps=1
	# The client alone has no timestamps.
	two_namespaces
	ip netns exec left sysctl -q net.ipv4.tcp_timestamps=0
	serve_right
	to_right --threads 2 --connects 4
	accepted zero=6 absent=4
}

# Skips a check about SYN cookies without CONFIG_SYN_COOKIES.
has_syncookies() {
	[ -e /proc/sys/net/ipv4/tcp_syncookies ] || {
		echo "the kernel has no SYN cookies"
		exit "$KSFT_SKIP"
	}
}

# The kernel sends SYN cookies always.
syncookies_have_their_kind() {
	has_syncookies
	cookies=/proc/sys/net/ipv4/tcp_syncookies
	load_with outcomes=64
	workload connect --in-order --serve --threads 2 --connects 5
	accepted match=5
	echo 2 > $cookies
	workload connect --in-order --serve --to '[::1]:7001' --threads 4 --connects 20
	workload connect --in-order --serve --to '[::ffff:127.0.0.1]:7002' --threads 4 --connects 10
	echo 1 > $cookies
	accepted match=5 syncookie=30
	# Their offset is right all the same.
	expect accepted_other_offset=0 offset_rewritten=0 accepted_cookie_missed=0
	workload connect --in-order --serve --to '[::1]:7003' --threads 2 --connects 5
	accepted match=10 syncookie=30
}

# A listener refuses a join of MPTCP after the SYN cookie was right, and closes the new socket in SYN_RECV. A later socket at its
# address is none of a cookie.
refused_joins_leave_no_cookie() {
	has_syncookies
	load_with outcomes=64
	two_namespaces
	hold 20
	accepted match=20
	ip netns exec right sysctl -q net.ipv4.tcp_syncookies=2
	ip -n right mptcp limits set subflows 0
	before=$(resets)
	join
	wait_for 20 reached outcome_established 40
	wait_for 20 reset_each 20
	accepted match=20
	ip netns exec right sysctl -q net.ipv4.tcp_syncookies=1
	serve ip netns exec right -- --listen '[::]:7001'
	ip netns exec left tsoffset-workload connect --in-order --to '[2001:db8::2]:7001' --threads 4 --connects 100
	accepted match=120
	expect accepted_cookie_missed=0
}

# resets: prints the number of resets that "right" has sent.
resets() { ip netns exec right cat /proc/net/snmp | kernel_count Tcp OutRsts; }

reset_each() { [ "$(resets)" -ge $((before + $1)) ]; }

# Such a listener has sockets that were created for IPv4: without ipv4=1, nothing follows them. 1024 notes would be for good.
cookies_of_a_listener_that_became_ipv4() {
	has_syncookies
	load_with outcomes=64
	ulimit -n 4096
	serve env -- --listen '[::ffff:127.0.0.1]:7000' --became-ipv4
	# The listener was connected to another listener before.
	accepted match=1
	serve env -- --listen '[::]:7001'
	echo 2 > /proc/sys/net/ipv4/tcp_syncookies
	workload connect --in-order --to 127.0.0.1:7000 --threads 4 --connects 1100 --keep
	workload connect --in-order --to '[::1]:7001' --threads 2 --connects 10
	echo 1 > /proc/sys/net/ipv4/tcp_syncookies
	accepted match=1 syncookie=10
	expect accepted_cookie_missed=0
}

# A Fast Open socket can be accepted before its establishment.
no_connection_is_lost() {
	load_with outcomes=64
	sysctl -q net.ipv4.tcp_fastopen=3
	serve env -- --listen '[::]:7000' --to-the-end
	workload connect --in-order --kind fastopen --threads 2 --connects 20
	sysctl -q net.ipv4.tcp_fastopen=1
	accepted match=20
	expect accepted_owned=0 accepts_recorded=20 accepted_cookie_missed=0
}

# The listener's end of such a subflow has an owner at its establishment.
joins_are_accepted_connections() {
	load_with outcomes=64
	two_namespaces
	hold 20
	accepted match=20
	join
	wait_for 20 reached accepted_match 40 || :
	accepted match=40
	expect outcome_established=40 accepted_owned=0 accepts_recorded=40
}

# A socket that connects to its own port leaves SYN_RECV with an owner and a cookie. Without a slot, these alone distinguish
# it from a listener's socket.
owned_connections_are_counted() {
	load_with outcomes=1
	workload connect --in-order --kind own-port --threads 1 --connects 5
	# With a slot, each is the connect that began.
	accepted
	expect outcomes_begun=5 outcome_established=5 outcomes_overflow=0 accepted_owned=0
	# One user has half of the four slots.
	silent_peer
	ip netns exec left sysctl -q net.ipv4.tcp_syn_retries=6
	to_silent_peer --threads 6 --connects 6 &
	wait_for 20 reached outcomes_begun 11
	workload connect --in-order --kind own-port --threads 1 --connects 7
	accepted
	expect outcomes_begun=18 outcomes_pending=2 outcomes_capped=11 outcome_established=5 accepted_owned=7 accepts_recorded=0
	# Another user's sockets find slots.
	su -s /bin/sh nobody -c 'tsoffset-workload connect --in-order --kind own-port --threads 1 --connects 3'
	expect outcome_established=8 accepted_owned=7
	# The parked handshakes would last for two minutes.
	stop_workloads
	wait
}

# Connections from outside fill their own ring, and no failed attempt makes room for them.
other_events_stay() {
	load_with outcomes=64 records=16
	echo event=failed,accepted > /proc/tsoffset/filter
	workload refused --times 1
	cpus=$(online_cpus | wc -l)
	workload connect --in-order --serve --threads 2 --connects $((50 * cpus))
	expect failures_recorded=6 outcomes_overwritten=0
	overwritten=$(stat accepts_overwritten)
	left=$(($(stat accepts_recorded) - overwritten))
	echo "$overwritten are replaced, $left are left"
	[ "$overwritten" -ge $((34 * cpus)) ]
	[ "$left" -le $((16 * cpus)) ]
	oldest $((6 + left)) accepted
	[ "$(grep -c '"event":"failed"' /tmp/events)" -eq 6 ]
	[ "$(wc -l < /tmp/accepted)" -eq "$left" ]
}

filter_applies_to_accepted() {
	load_with outcomes=64
	echo 'event=accepted sport=7000' > /proc/tsoffset/filter
	workload connect --in-order --serve --threads 2 --connects 7
	workload connect --in-order --serve --to '[::1]:7001' --threads 2 --connects 3
	accepted match=10
	expect accepts_recorded=7 accepts_filtered=3 connects_recorded=0 outcomes_recorded=0 ledger=balanced
}

outcomes_by_namespace() {
	load_with outcomes=64
	two_namespaces
	serve_right
	to_right --threads 2 --connects 9
	accepted match=9
	ip netns exec right cat /proc/net/tsoffset | compare accepted_match=9 outcomes_begun=0
	ip netns exec left cat /proc/net/tsoffset | compare accepted_match=0 outcomes_begun=9
}

run_checks off_by_default each_connection_has_its_event the_time_is_that_of_the_handshake \
	closed_before_the_establishment a_cookie_hides_no_connection an_offset_set_before_the_establishment_is_not_judged both_families \
	chosen_offsets \
	without_timestamps syncookies_have_their_kind refused_joins_leave_no_cookie \
	cookies_of_a_listener_that_became_ipv4 no_connection_is_lost joins_are_accepted_connections owned_connections_are_counted \
	other_events_stay filter_applies_to_accepted outcomes_by_namespace
