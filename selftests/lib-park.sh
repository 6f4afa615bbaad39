# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Calls that stay inside tcp_v6_connect(), or tcp_v4_connect(). A script sources this file after lib.sh.

# park USER [CALLS [PORT]]: keeps CALLS calls of USER, 300 by default, inside tcp_v6_connect() until let_go. Each call waits
# for a page with Fast Open data that is never provided. PARK_IN is a command that runs the calls in a namespace.
# PARK_WITH=--ipv4 parks calls of IPv4 sockets inside tcp_v4_connect().
park() {
	# The server provides Fast Open cookies. Without a cookie, the kernel would copy the data after the call.
	echo 3 > /proc/sys/net/ipv4/tcp_fastopen
	chmod 666 /dev/userfaultfd
	rm -f /tmp/hold
	mkfifo /tmp/hold
	su -s /bin/sh "$1" -c "${PARK_IN:-} tsoffset-workload park --calls ${2:-300} --port ${3:-7000} ${PARK_WITH:-}" < /tmp/hold > /tmp/parked 4>&- 5>&- &
	parking=$!
	exec 4> /tmp/hold
	wait_for 60 grep -q '^parked' /tmp/parked
}

let_go() {
	exec 4>&-
	wait "$parking"
	echo 1 > /proc/sys/net/ipv4/tcp_fastopen
	chmod 600 /dev/userfaultfd
}
