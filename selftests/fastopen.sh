#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# TCP Fast Open: connect() only prepares, the first write sends.
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

# netstat NAME: a line of the kernel's own counts of TCP, which come as a row of names and a row of
# values.
netstat() {
	awk -v name="$1" '$1 == "TcpExt:" { for (i = 2; i <= NF; i++) if (names[i] == name) print $i
		else if (!seen) names[i] = $i
		seen = 1 }' /proc/net/netstat
}

deferred_connect() {
	sysctl -q net.ipv4.tcp_fastopen=3
	before=$(netstat TCPFastOpenActive)
	# The first connection fetches the cookie; those after it are deferred. Deferred or not, each
	# calls the function once.
	connects=$(workload connect --serve --kind fastopen --threads 1 --connects 50 | counted)
	deferred=$(($(netstat TCPFastOpenActive) - before))
	sysctl -q net.ipv4.tcp_fastopen=1
	echo "$deferred of $connects connects sent data in their SYN"
	[ "$connects" -eq 50 ] && [ "$deferred" -ge 49 ]
	all_matched 50
}

run_checks deferred_connect
