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

run_checks subflows
