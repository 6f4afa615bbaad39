#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# IPv6 sockets connected to IPv4 addresses: checked against the IPv4 function.
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

run_checks loopback between_namespaces mixed_with_v6
