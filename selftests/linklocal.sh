#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Link-local addresses, which require a scope.
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

with_scope() {
	two_namespaces
	address=$(ip -n right -6 -brief address show dev veth0 scope link | awk '{ print $3 }')
	address=${address%/*}
	index=$(ip netns exec left cat /sys/class/net/veth0/ifindex)
	index=${index:-$(ip -n left -oneline link show veth0 | cut -d: -f1)}
	serve ip netns exec right -- --listen '[::]:7000'
	ip netns exec left tsoffset-workload connect --to "[$address%$index]:7000" --connects 100
	all_matched 100
}

without_scope_is_refused() {
	two_namespaces
	if ip netns exec left tsoffset-workload connect --to '[fe80::1]:7000' --connects 5; then
		return 1
	fi
	expect connects_called=5 connects_failed=5 connects_returned=5 ledger=balanced
}

run_checks with_scope without_scope_is_refused
