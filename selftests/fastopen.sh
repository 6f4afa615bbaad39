#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# TCP Fast Open: connect() only prepares, the first write sends.
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

deferred_connect() {
	sysctl -q net.ipv4.tcp_fastopen=3
	# The first connection fetches the cookie; those after it are deferred.
	workload connect --serve --kind fastopen --threads 1 --connects 50
	expect connects_missed=0 connects_failed=0 offset_mismatch=0 ledger=balanced
	called=$(stat connects_called)
	echo "calls of tcp_v6_connect: $called"
	# A deferred connect calls the function once more, from the write, only where nothing was
	# prepared; each call has to be a match.
	[ "$called" -ge 50 ]
	all_matched "$called"
}

run_checks deferred_connect
