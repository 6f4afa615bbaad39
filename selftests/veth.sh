#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Connects between two network namespaces.
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

between_namespaces() {
	two_namespaces
	serve ip netns exec right -- --listen '[::]:7000'
	connects=$(ip netns exec left tsoffset-workload connect --to '[2001:db8::2]:7000' \
		--threads 8 --connects 400 | counted)
	[ "$connects" -eq 400 ]
	all_matched 400
	expect offset_v4mapped=0
}

both_ways_at_once() {
	two_namespaces
	serve ip netns exec right -- --listen '[::]:7000'
	serve ip netns exec left -- --listen '[::]:7000'
	ip netns exec left tsoffset-workload connect --to '[2001:db8::2]:7000' --connects 200 &
	ip netns exec right tsoffset-workload connect --to '[2001:db8::1]:7000' --connects 200
	wait $!
	all_matched 400
}

run_checks between_namespaces both_ways_at_once
