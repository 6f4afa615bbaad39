#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# TCP_REPAIR with TCP_TIMESTAMP: the kernel keeps the offset, and the module accepts it.
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

restored_sockets() {
	workload repair --connects 20
	expect connects_called=20 connects_returned=20 connects_missed=0 connects_failed=0 \
		offset_repair=20 offset_match=0 offset_mismatch=0 ledger=balanced
}

run_checks restored_sockets
