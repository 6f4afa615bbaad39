#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs mutants under the checks that must fail. The output for each is between "== MUTANT" and "== MUTANT ended STATUS".
# Requires the function "collection" (scripts/checks/test-guest).

# broken MUTANT SCRIPT CHECK...: runs checks of SCRIPT on MUTANT.
broken() {
	echo "== $1"
	(
		export TSOFFSET_KO=/lib/tsoffset/tsoffset-$1.ko TSOFFSET_CHECKS="${*:3}"
		collection -t "tsoffset:$2.sh"
	)
	echo "== $1 ended $?"
}

broken broken-ports loopback one_thread
broken broken-ports ipv4 loopback
broken broken-ledger refused-connect each_kind
broken broken-witness witness within_and_after_the_store around_a_connect_is_possible
broken broken-ring connects every_connect_has_its_record
broken broken-filter filter by_port_and_back
broken broken-trace trace same_lines_as_connects
broken broken-network network counted_from_the_first_connect
broken broken-outcomes outcomes refused_and_failed
broken broken-clock clock clock_step_changes_no_record
broken broken-failures failures each_attempt_has_one_event

# followed MODULE: expects a reader of events to get its five lines in time. The intact module runs first, to show that the
# time suffices.
followed() {
	insmod "$1"
	timeout 8 tsoffset-workload follow /proc/tsoffset/events --lines 5 > /dev/null &
	sleep 3
	tsoffset-workload connect --serve --threads 1 --connects 5
	wait $!
	status=$?
	echo "followed: $status"
	rmmod tsoffset && return "$status"
}
echo "== broken-wait-queue"
followed /lib/tsoffset/tsoffset.ko && followed /lib/tsoffset/tsoffset-broken-wait-queue.ko
echo "== broken-wait-queue ended $?"
