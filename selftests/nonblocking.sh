#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Connects that return EINPROGRESS, which are successes of tcp_v6_connect().
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

in_progress_is_success() {
	workload connect --serve --kind nonblocking --threads 8 --connects 200
	all_matched 200
}

run_checks in_progress_is_success
