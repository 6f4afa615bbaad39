# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
#
# Programs of other projects connect from "left" to "right", and their counts are compared with the module's. A script
# sources this file after lib.sh.

# inside NAMESPACE COMMAND...: runs COMMAND in NAMESPACE's network with the current mounts. ip netns exec would make new
# mounts.
inside() {
	space=$1
	shift
	nsenter --net="/run/netns/$space" "$@"
}

# start NAMESPACE COMMAND...: runs COMMAND in the background. COMMAND is killed when the check ends. $! is the process ID of
# COMMAND.
start() {
	space=$1
	shift
	nsenter --net="/run/netns/$space" "$@" &
	started="$started $!"
}

# Loads the module with all features but IPv4, and makes the namespaces.
set_up() {
	load_with witness=1 outcomes=1024
	make_namespaces
}

# Makes the namespaces with a task in each. The namespace's files are in the task's /proc/PID/net.
make_namespaces() {
	two_namespaces
	started=''
	# shellcheck disable=SC2086 # a list of words
	trap 'kill -9 $started 2> /dev/null' EXIT
	start left sleep 100000
	left=/proc/$!/net
	start right sleep 100000
	right=/proc/$!/net
	wait_for 5 moved "$left" && wait_for 5 moved "$right"
}

# moved NET: succeeds if the task has entered its namespace.
moved() { [ "$(readlink "${1%net}ns/net")" != "$(readlink /proc/self/ns/net)" ]; }

# listens NET PORT [tcp]: waits until a socket listens on PORT over IPv6, or with "tcp" over IPv4. Fails after 20 seconds.
listens() { wait_for 20 grep -q "$(printf ':%04X 0*:0000 0A' "$2")" "$1/${3-tcp6}"; }

# tcp_count NET NAME: prints a counter of the kernel about IPv4 and IPv6 TCP in the namespace, like nstat's Tcp* lines.
tcp_count() { kernel_count Tcp "$2" < "$1/snmp"; }

# opens NET: prints the number of connections that the kernel began in the namespace.
opens() { tcp_count "$1" ActiveOpens; }

# one_count N: expects N connections from "left" and none from "right", by the kernel's count and by the module's. All must
# match.
one_count() {
	kernel="$(opens "$left") $(opens "$right")"
	[ "$kernel" = "$1 0" ] || echo "the kernel counts $kernel instead of $1 0"
	[ "$kernel" = "$1 0" ] && STATS=$left/tsoffset all_matched "$1" && STATS=$right/tsoffset all_matched 0
}

# agree N: expects the kernel and the module to count N connections, the client's own count. A count of N + 1 must fail.
agree() {
	one_count "$1"
	if one_count $(($1 + 1)) > /dev/null; then
		echo "$(($1 + 1)) is the count, too"
		return 1
	fi
}
