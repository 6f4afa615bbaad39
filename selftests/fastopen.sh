#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# TCP Fast Open: connect() only prepares, the first write sends.
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

# Prints the number of SYNs with data that the kernel sent.
fast_opened() { kernel_count TcpExt TCPFastOpenActive < /proc/net/netstat; }

deferred_connect() {
	sysctl -q net.ipv4.tcp_fastopen=3
	before=$(fast_opened)
	# The first connection fetches the cookie. The kernel defers the later connects until the first write. Each connect
	# calls the function once, deferred or not.
	connects=$(workload connect --serve --kind fastopen --threads 1 --connects 50 | counted)
	deferred=$(($(fast_opened) - before))
	sysctl -q net.ipv4.tcp_fastopen=1
	echo "$deferred of $connects connects sent data in their SYN"
	[ "$connects" -eq 50 ]
	[ "$deferred" -ge 49 ]
	all_matched 50
}

run_checks deferred_connect
