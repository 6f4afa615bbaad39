#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Connects of IPv4 sockets: counted, recorded and judged on request, and once.
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

NOLOAD=1
CONNECTS=/proc/tsoffset/connects

# connects N [OPTIONS...]: makes N connects of IPv4 sockets to this test's listener.
connects() { workload connect --serve --to 127.0.0.1:7000 --connects "$@"; }

# all_matched_v4 N: expects N connects of IPv4 in stats, all with a matching offset.
all_matched_v4() {
	expect ipv4=on probe_armed=1 connects_v4_called="$1" connects_v4_entered="$1" connects_v4_returned="$1" \
		connects_v4_missed=0 connects_v4_capped=0 connects_v4_in_flight=0 connects_v4_failed=0 offset_v4_match="$1" \
		offset_v4_zero=0 offset_v4_changed=0 offset_v4_mismatch=0 offset_v4_repair=0 connects_v4_unjudged=0 ledger=balanced
}

off_by_default() {
	load_with outcomes=64
	connects 10
	all_matched 0
	expect ipv4=off connects_v4_called=0 connects_v4_returned=0 connects_recorded=0 outcomes_begun=0 offset_kept=0
	if listed; then return 1; fi
	# The lists have the probe where it exists.
	rmmod tsoffset
	load_with ipv4=1
	listed
}

# Succeeds if the kernel's lists of probes have one on tcp_v4_connect(). Fails the check if no list is readable.
listed() {
	local list lists=()
	for list in /sys/kernel/debug/kprobes/list /sys/kernel/tracing/enabled_functions; do
		[ ! -r "$list" ] || lists+=("$list")
	done
	if [ ${#lists[@]} -eq 0 ]; then
		echo "the kernel shows no list of probes"
		exit 1
	fi
	grep -q tcp_v4_connect "${lists[@]}"
}

loopback() {
	load_with ipv4=1
	connects 200 --threads 8
	all_matched_v4 200
	all_matched 0
	expect connects_v4_recorded=200 connects_v4_filtered=0 records_readable=200
	awk 'NR > 1 { print $12, $13, $14, $17, $20, $24 }' "$CONNECTS" | sort | uniq -c |
		diff - <(printf '%7d ::ffff:127.0.0.1 7000 0 match v4 v4\n' 200)
	# The offset is the one of the IPv4 hash, and differs between connections.
	awk 'NR > 1 && $15 != $16 { exit 1 }' "$CONNECTS"
	[ "$(awk 'NR > 1 { print $15 }' "$CONNECTS" | sort -u | wc -l)" -gt 190 ]
	# Each duration is in the histogram of these connects, and none in that of the others.
	[ "$(awk '/^connect_v4_ns_/ { n += $2 } END { print n }' "$STATS")" -eq 200 ]
	[ "$(awk '/^connect_ns_/ { n += $2 } END { print n }' "$STATS")" -eq 0 ]
}

# tcp_v6_connect() calls tcp_v4_connect() for a v4-mapped destination.
v4mapped_is_counted_once() {
	load_with ipv4=1
	serve env -- --listen '[::]:7000'
	workload connect --to '[::ffff:127.0.0.1]:7000' --threads 4 --connects 50
	workload connect --to '[::1]:7000' --threads 4 --connects 30
	all_matched 80
	workload connect --to 127.0.0.1:7000 --threads 4 --connects 40
	all_matched 80
	all_matched_v4 40
	expect offset_v4mapped=50 connects_recorded=80 connects_v4_recorded=40 records_readable=120
	[ "$(awk 'NR > 1 { print $24 }' "$CONNECTS" | sort | uniq -c | xargs)" = '40 v4 50 v4mapped 30 v6' ]
}

both_at_once() {
	load_with ipv4=1 records=16
	serve env -- --listen '[::]:7000'
	workload connect --to '[::1]:7000' --threads 4 --connects 1000 > /tmp/v6 &
	workload connect --to 127.0.0.1:7000 --threads 4 --connects 1000
	wait $!
	all_matched 1000
	all_matched_v4 1000
	expect records_overwritten=$((2000 - $(stat records_readable)))
}

failures_have_their_destination() {
	load_with ipv4=1 outcomes=64
	ip netns add left
	ip netns exec left tsoffset-workload connect --to 198.51.100.7:443 --threads 1 --connects 3 || :
	expect connects_v4_called=3 connects_v4_failed=3 connects_failed=0 failed_no_route=3 ledger=balanced
	[ "$(grep -cE ' ::ffff:198.51.100.7 +443 +-101 .* failed .* v4$' "$CONNECTS")" -eq 3 ]
}

filter_by_family() {
	load_with ipv4=1
	serve env -- --listen '[::]:7000'
	echo family=v4 > /proc/tsoffset/filter
	for to in 127.0.0.1 '[::1]' '[::ffff:127.0.0.1]'; do workload connect --to "$to:7000" --threads 1 --connects 5; done
	expect connects_v4_recorded=5 connects_v4_filtered=0 connects_recorded=0 connects_filtered=10
	echo 'family=!v4,v4mapped' > /proc/tsoffset/filter
	for to in 127.0.0.1 '[::1]' '[::ffff:127.0.0.1]'; do workload connect --to "$to:7000" --threads 1 --connects 5; done
	expect connects_v4_recorded=5 connects_v4_filtered=5 connects_recorded=5 connects_filtered=15 ledger=balanced
}

without_timestamps() {
	load_with ipv4=1
	sysctl -q net.ipv4.tcp_timestamps=0
	connects 5
	sysctl -q net.ipv4.tcp_timestamps=1
	expect offset_v4_zero=5 offset_v4_match=0 ledger=balanced
}

outcomes_of_handshakes() {
	load_with ipv4=1 outcomes=64
	connects 20 --threads 4
	# Clients and accepted sockets keep the expected offset.
	wait_for 5 reached offset_kept 40 || :
	workload connect --to 127.0.0.1:1 --threads 1 --connects 5 || :
	expect outcomes_begun=25 outcome_established=20 outcome_refused=5 failed_refused=5 offset_kept=40 offset_rewritten=0 \
		offset_unjudged=0 accepted_other_offset=0 outcomes_untimed=0 outcomes_pending=0
	tsoffset-workload follow /proc/tsoffset/events --oldest --lines 55 > /tmp/events
	[ "$(grep -c '"event":"connect".*"family":"v4",' /tmp/events)" -eq 25 ]
	[ "$(grep -c '"event":"outcome".*"family":"v4"}' /tmp/events)" -eq 25 ]
	[ "$(grep -c '"event":"failed".*"reason":"refused".*"comm":"tsoffset-worklo".*"family":"v4"}' /tmp/events)" -eq 5 ]
}

kinds_of_connects() {
	load_with ipv4=1 outcomes=64
	connects 200 --kind nonblocking --threads 8
	all_matched_v4 200
	sysctl -q net.ipv4.tcp_fastopen=3
	connects 20 --kind fastopen --threads 1
	sysctl -q net.ipv4.tcp_fastopen=1
	all_matched_v4 220
	if [ -e /proc/sys/net/mptcp/enabled ]; then
		sysctl -q net.mptcp.enabled=1
		connects 20 --kind mptcp --threads 2
		all_matched_v4 240
	fi
	all_matched 0
}

# The kernel keeps the offset of a socket in repair mode, and the module accepts it.
restored_sockets() {
	load_with ipv4=1 outcomes=64
	workload repair --to 127.0.0.1:7000 --connects 20
	wait_for 5 reached offset_unjudged 20 || :
	expect connects_v4_called=20 connects_v4_returned=20 connects_v4_missed=0 connects_v4_failed=0 offset_v4_repair=20 \
		offset_v4_match=0 offset_v4_mismatch=0 offset_unjudged=20 offset_rewritten=0 outcomes_begun=0 ledger=balanced
	# The socket keeps the offset of its first connect.
	serve env -- --listen 127.0.0.1:7000
	workload repair --again --to 127.0.0.1:7000 --connects 5
	wait_for 5 reached offset_unjudged 25 || :
	expect connects_v4_called=30 offset_v4_repair=25 offset_v4_match=5 offset_unjudged=25 offset_rewritten=0 outcomes_pending=0
	# None of these calls counts for IPv6.
	expect connects_called=0 offset_repair=0
}

# An IPv6 socket that became an IPv4 socket connects again.
sockets_that_became_ipv4() {
	load_with ipv4=1 outcomes=64
	serve env -- --listen '[::]:7000'
	workload connect --threads 2 --connects 20 --to '[::ffff:127.0.0.1]:7000' --become-ipv4 --refused-over-ipv4
	expect connects_called=20 offset_match=20 connects_v4_called=20 offset_v4_match=20 outcomes_begun=40 outcome_established=20 \
		outcome_refused=20 offset_rewritten=0 ledger=balanced
}

connects_by_namespace() {
	load_with ipv4=1
	two_namespaces
	serve ip netns exec right -- --listen 192.0.2.2:7000
	ip netns exec left tsoffset-workload connect --to 192.0.2.2:7000 --threads 4 --connects 30
	all_matched_v4 30
	ip netns exec left cat /proc/net/tsoffset | compare connects_v4_called=30 offset_v4_match=30 ledger=balanced
	ip netns exec right cat /proc/net/tsoffset | compare connects_v4_called=0
}

unloading_under_load() {
	for _ in 1 2 3; do
		(workload connect --serve --to 127.0.0.1:7000 --threads 8 --connects 1000000 > /dev/null &)
		load_with ipv4=1 outcomes=16
		wait_for 20 reached connects_v4_called 20
		rmmod tsoffset
		stop_workloads
	done
}

ipv4_not_boolean_is_refused() { refuses 'Invalid parameters' ipv4 load_with ipv4=maybe; }

run_checks off_by_default loopback v4mapped_is_counted_once both_at_once failures_have_their_destination \
	filter_by_family without_timestamps outcomes_of_handshakes kinds_of_connects restored_sockets sockets_that_became_ipv4 connects_by_namespace \
	unloading_under_load ipv4_not_boolean_is_refused
