# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
#
# Programs that no one here wrote connect from "left" to "right", and are compared with the module: sourced after lib.sh.

# inside NAMESPACE COMMAND...: in its network, with the mounts as they are (ip netns exec would make new ones).
inside() {
	space=$1
	shift
	nsenter --net="/run/netns/$space" "$@"
}

# start NAMESPACE COMMAND...: the same beside the check, with which it ends. $! is the command itself.
start() {
	space=$1
	shift
	nsenter --net="/run/netns/$space" "$@" &
	started="$started $!"
}

# The module with all that it has, the namespaces, and a task in each: its /proc/PID/net is the namespace's.
set_up() {
	load_with witness=1 outcomes=1024
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

# moved NET: whether the task is in its namespace already.
moved() { [ "$(readlink "${1%net}ns/net")" != "$(readlink /proc/self/ns/net)" ]; }

# listens NET PORT: whether anyone does; waits a while.
listens() { wait_for 20 grep -q "$(printf ':%04X 0*:0000 0A' "$2")" "$1/tcp6"; }

# opens NET: TCP connections that the kernel began there, of both families, as nstat's TcpActiveOpens.
opens() {
	awk '$1 == "Tcp:" && !column { for (column = 2; $column != "ActiveOpens"; column++); next }
		$1 == "Tcp:" { print $column }' "$1/snmp"
}

# one_count N: by the kernel's count and by the module's, "left" began N connections, all well, and "right" none.
one_count() {
	kernel="$(opens "$left") $(opens "$right")"
	[ "$kernel" = "$1 0" ] || echo "the kernel counts $kernel instead of $1 0"
	[ "$kernel" = "$1 0" ] && STATS=$left/tsoffset all_matched "$1" && STATS=$right/tsoffset all_matched 0
}

# agree N: N, by the client's own count, is also the kernel's and the module's; and one more would be noticed.
agree() {
	one_count "$1"
	if one_count $(($1 + 1)) > /dev/null; then
		echo "$(($1 + 1)) is the count, too"
		return 1
	fi
}
