#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The share of a kretprobe's instances that one user can hold, by connects and by writes of sysctls.
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=selftests/lib-park.sh
. "$(dirname "$0")/lib-park.sh"
# shellcheck source=selftests/lib-events.sh
. "$(dirname "$0")/lib-events.sh"

NOLOAD=1

# A CPU with few of a user's calls asks no other CPU, and follows some calls beyond the limit. The user's calls enter on any CPU:
# so further calls that are to exceed the limit come from each CPU.
cpus=$(online_cpus | wc -l)

# half_is_held PREFIX: expects half of the 256 instances in use, and sets held and capped to these lines of stats.
half_is_held() {
	held=$(stat "$1_in_flight")
	capped=$(stat "$1_capped")
	echo "$held of 256 are held"
	[ "$held" -ge 96 ]
	[ "$held" -le 128 ]
	[ $((held + capped)) -eq 300 ]
}

# takes_half USER: parks 300 calls of USER, which may hold at most half of the 256 instances. The connects of the host's
# root still get their verdicts.
takes_half() {
	load_with maxactive=256
	# The server starts before the calls are parked. Otherwise it would inherit the pipe and keep the calls parked.
	serve env -- --listen '[::]:7003'
	park "$1"
	half_is_held connects
	workload connect --serve --to '[::1]:7001' --connects 100
	expect connects_called=401 connects_missed=0 connects_capped="$capped" connects_in_flight="$held" offset_match=101
}

# given_back: expects the returning calls to release their instances.
given_back() {
	let_go
	expect connects_in_flight=0 ledger=balanced
}

one_user_takes_half() {
	kprobe_hook_only
	takes_half nobody
	# The same user gets no further share in another user namespace, with any user ID.
	on_each_cpu su -s /bin/sh nobody -c 'unshare --user --map-root-user tsoffset-workload connect --to "[::1]:7003" --threads 1 --connects 20'
	expect connects_called=$((401 + 20 * cpus)) connects_missed=0 connects_in_flight="$held"
	[ "$(stat connects_capped)" -gt "$capped" ]
	given_back
	capped=$(stat connects_capped)
	su -s /bin/sh nobody -c 'tsoffset-workload connect --serve --threads 1 --connects 5'
	expect connects_capped="$capped"
}

# Root makes containers for other people. Each container counts as one user, separate from root.
a_container_of_root_takes_half() {
	kprobe_hook_only
	PARK_IN='unshare --user --map-root-user' takes_half root
	# This is another container.
	unshare --user --map-root-user tsoffset-workload connect --to "[::1]:7003" --threads 1 --connects 20
	expect connects_called=421 connects_missed=0 connects_capped="$capped" connects_in_flight="$held"
	given_back
}

# Calls of IPv4 sockets have instances and limits of their own.
one_user_takes_half_over_ipv4() {
	kprobe_hook_only
	load_with maxactive=256 ipv4=1
	PARK_WITH=--ipv4 park nobody
	half_is_held connects_v4
	workload connect --serve --to 127.0.0.1:7001 --connects 100
	expect connects_v4_called=401 connects_v4_missed=0 connects_v4_capped="$capped" connects_v4_in_flight="$held" \
		offset_v4_match=101 connects_called=0 connects_capped=0
	# The user's calls of the other family are not limited.
	su -s /bin/sh nobody -c 'tsoffset-workload connect --serve --to "[::1]:7002" --threads 1 --connects 5'
	expect connects_called=5 offset_match=5 connects_capped=0 connects_v4_in_flight="$held"
	let_go
	expect connects_v4_in_flight=0 ledger=balanced
}

# A call beyond the limit that fails in itself is in no failed_ line. A failure after the call is in one.
failures_of_capped_calls() {
	kprobe_hook_only
	load_with maxactive=256 outcomes=1024
	park nobody
	held=$(stat connects_in_flight)
	capped=$(stat connects_capped)
	on_each_cpu su -s /bin/sh nobody -c 'tsoffset-workload refused --times 5'
	# Of 35 calls, 25 fail in themselves and five later.
	capped=$(($(stat connects_capped) - capped))
	failed=$(stat connects_failed)
	echo "$capped of $((35 * cpus)) calls are beyond the limit, and $failed that fail are not"
	[ "$capped" -gt 0 ]
	[ "$failed" -lt $((25 * cpus)) ]
	expect connects_called=$((301 + 35 * cpus)) connects_in_flight="$held" failed_refused=$((5 * cpus)) \
		failures_recorded=$((5 * cpus + failed))
	[ $(($(stat failed_no_route) + $(stat failed_error) + $(stat failed_no_port))) -eq "$failed" ]
	let_go
	expect connects_in_flight=0 ledger=balanced
}

# silent USER N: as USER, connects N times to an address of "left" that never answers, in the background.
silent() {
	ip -n left neighbour replace 2001:db8::9 lladdr 02:00:00:00:00:99 dev veth0 nud permanent
	ip netns exec left sysctl -q net.ipv4.tcp_syn_retries=6
	ip netns exec left su -s /bin/sh "$1" -c "exec tsoffset-workload connect --to '[2001:db8::9]:7000' --threads $2 --connects $2" &
}

# The kernel's worker connects a further subflow of MPTCP, as root. It counts for the user of the application's socket.
joins_count_for_their_user() {
	[ -e /proc/sys/net/mptcp/enabled ] || return "$KSFT_SKIP"
	load_with outcomes=1
	two_namespaces
	# The answer to the join goes nowhere.
	ip -n right neighbour replace 2001:db8::3 lladdr 02:00:00:00:00:99 dev veth0 nud permanent
	join
	# One user has half of the four slots: two of root's three handshakes. Handshakes that begin at once can both be beyond.
	silent root 2
	wait_for 20 reached outcomes_pending 2
	silent root 1
	wait_for 20 reached outcomes_capped 1
	expect outcomes_pending=2
	# A join takes the third slot. One more handshake of the same user takes the last.
	hold 1 nobody
	wait_for 20 reached outcomes_begun 5
	expect outcomes_pending=3 outcomes_capped=1
	silent nobody 1
	wait_for 20 reached outcomes_pending 4
	silent nobody 1
	wait_for 20 reached outcomes_begun 7
	expect outcomes_pending=4 outcomes_capped=2 outcomes_overflow=2
	# The failure of the join is that user's, too, but for the name of the task.
	echo 'event=failed uid=65534' > /proc/tsoffset/filter
	stop_workloads
	wait_for 20 reached outcome_closed 6
	wait
	expect failures_recorded=3 failures_filtered=3
	tsoffset-workload follow "$EVENTS" --oldest --lines "$(recorded)" | grep '"event":"failed"' > /tmp/failed
	cat /tmp/failed
	[ "$(grep -c '"uid":65534,"comm":"kworker' /tmp/failed)" -eq 1 ]
	[ "$(wc -l < /tmp/failed)" -eq 3 ]
}

# A task without CAP_SETFCAP can be any task with user ID 0. So the namespaces that it makes count as root's, and share
# root's part.
a_namespace_without_setfcap_shares() {
	kprobe_hook_only
	load_with maxactive=256
	PARK_IN='tsoffset-workload without CAP_SETFCAP unshare --user' park root
	held=$(stat connects_in_flight)
	capped=$(stat connects_capped)
	on_each_cpu tsoffset-workload connect --serve --to '[::1]:7001' --connects 20
	expect connects_called=$((301 + 20 * cpus)) connects_missed=0 connects_in_flight="$held"
	[ "$(stat connects_capped)" -gt "$capped" ]
	let_go
	expect connects_in_flight=0 ledger=balanced
}

# A user at the limit connects in repair mode, with the offset of an earlier connect. The module follows no call of that
# connect, and still does not take the offset for a rewritten one.
a_repair_beyond_the_share_is_no_finding() {
	kprobe_hook_only
	load_with maxactive=256 outcomes=64
	serve env -- --listen '[::]:7003'
	park root
	held=$(stat connects_in_flight)
	capped=$(stat connects_capped)
	on_each_cpu tsoffset-workload repair --again --to '[::1]:7003' --connects 5
	wait_for 5 reached offset_unjudged $((5 * cpus)) || :
	expect connects_in_flight="$held" offset_unjudged=$((5 * cpus)) offset_rewritten=0
	echo "$(($(stat connects_capped) - capped)) of $((10 * cpus)) calls are beyond the limit"
	[ "$(stat connects_capped)" -gt "$capped" ]
	let_go
	expect connects_in_flight=0 ledger=balanced offset_unjudged=$((5 * cpus)) offset_rewritten=0
}

# Of four simultaneous writes of sysctls, one user can have two, from any number of threads. No write of another user is
# missed.
writes_of_one_user_are_capped() {
	kprobe_hook_only
	insmod "$VARIANTS/tsoffset-few-writes.ko"
	cat > /tmp/write <<- 'END'
		for _ in $(seq 32); do
			tsoffset-workload flip --values 0,1 --pause 0 --seconds 10 &
		done
		wait
		cat /proc/net/tsoffset
	END
	su -s /bin/sh nobody -c 'unshare --user --map-root-user unshare --net sh /tmp/write' > /tmp/theirs &
	flipping=$!
	sleep 1
	workload flip --values 0,1 --pause 0 --seconds 6
	wait "$flipping"
	sysctl -q net.ipv4.tcp_timestamps=1
	cat /proc/net/tsoffset > /tmp/here
	compare sysctl_missed=0 < /tmp/here
	missed=$(field sysctl_missed < /tmp/theirs)
	echo "$missed of theirs were missed"
	# Without preemption, no task interrupts a write: no more writes than CPUs are in flight.
	if uname -v | grep -q PREEMPT; then
		[ "$missed" -gt 0 ]
	else
		echo "the kernel does not preempt"
	fi
}

run_checks one_user_takes_half a_container_of_root_takes_half one_user_takes_half_over_ipv4 joins_count_for_their_user \
	failures_of_capped_calls a_namespace_without_setfcap_shares a_repair_beyond_the_share_is_no_finding writes_of_one_user_are_capped
