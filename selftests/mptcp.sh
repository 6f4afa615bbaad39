#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# MPTCP: the first subflow connects through tcp_v6_connect().
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

subflows() {
	[ -e /proc/sys/net/mptcp/enabled ] || return "$KSFT_SKIP"
	sysctl -q net.mptcp.enabled=1
	workload connect --serve --kind mptcp --threads 4 --connects 50
	all_matched 50
}

# A record has the cookie that the application sees, in the parent's column.
the_applications_cookie() {
	[ -e /proc/sys/net/mptcp/enabled ] || return "$KSFT_SKIP"
	sysctl -q net.mptcp.enabled=1
	workload connect --serve --kind mptcp --threads 4 --connects 50 --cookies | awk '/^cookie/ { print $2 }' | sort > /tmp/cookies
	[ "$(wc -l < /tmp/cookies)" -eq 50 ]
	awk 'NR == 1 { for (i = 1; i <= NF; i++) { if ($i == "parent") parent = i; if ($i == "cookie") own = i }; next }
		$parent == $own { exit 1 } { print $parent }' /proc/tsoffset/connects | sort | diff /tmp/cookies -
	# A plain TCP socket has no parent.
	workload connect --to '[::1]:7001' --serve --connects 10
	[ "$(tail -n 10 /proc/tsoffset/connects | awk '{ print $21 }' | sort -u)" = 0 ]
}

run_checks subflows the_applications_cookie
