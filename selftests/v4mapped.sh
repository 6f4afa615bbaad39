#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# IPv6 sockets connected to IPv4 addresses, whose offset comes from the IPv4 hash.
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

loopback() {
	serve env -- --listen '[::]:7000'
	workload connect --to '[::ffff:127.0.0.1]:7000' --threads 8 --connects 200
	all_matched 200
	expect offset_v4mapped=200
}

between_namespaces() {
	two_namespaces
	serve ip netns exec right -- --listen '[::]:7000'
	ip netns exec left tsoffset-workload connect --to '[::ffff:192.0.2.2]:7000' --connects 100
	all_matched 100
	expect offset_v4mapped=100
}

mixed_with_v6() {
	serve env -- --listen '[::]:7000'
	workload connect --to '[::ffff:127.0.0.1]:7000' --connects 50
	workload connect --to '[::1]:7000' --connects 70
	all_matched 120
	expect offset_v4mapped=50
}

# With ip_dynaddr, the kernel can choose another source address after it has stored the offset.
addresses_that_change() {
	two_namespaces
	# The addresses have no network, so that the route to the peer stays when an address is removed.
	ip -n left address flush dev veth0 scope global
	ip -n left address add 192.0.2.1/32 dev veth0
	ip -n left route add 192.0.2.2/32 dev veth0
	ip netns exec left sysctl -q net.ipv4.ip_dynaddr=1
	serve ip netns exec right -- --listen '[::]:7000'
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		printf 'address %s dev veth0\n' 'add 192.0.2.3/32' 'del 192.0.2.1/32' 'add 192.0.2.1/32' 'del 192.0.2.3/32'
	done > /tmp/batch
	rm -f /tmp/stop
	(while [ ! -e /tmp/stop ]; do ip -n left -force -batch /tmp/batch > /dev/null 2>&1 || :; done) &
	ip netns exec left tsoffset-workload connect --to '[::ffff:192.0.2.2]:7000' --threads 8 --connects 1000000 --seconds 8 > /dev/null 2>&1 || :
	touch /tmp/stop
	wait
	cat "$STATS"
	expect offset_mismatch=0 ledger=balanced
	[ "$(stat offset_match)" -gt 0 ]
}

run_checks loopback between_namespaces mixed_with_v6 addresses_that_change
