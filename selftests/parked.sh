#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Calls that users keep inside tcp_v6_connect(), and their effect on other users.
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=selftests/lib-park.sh
. "$(dirname "$0")/lib-park.sh"

NOLOAD=1

# One user parks 300 calls. Another user's connects still get their verdicts.
none_missed_beside_300() {
	load
	park nobody
	workload connect --serve --to '[::1]:7001' --connects 100
	expect connects_called=401 connects_missed=0 connects_capped=0 connects_in_flight=300 offset_match=101
	let_go
	all_matched 401
}

# An fprobe keeps the entry data on the task's own stack. Parked calls of any user use up no shared instances.
none_missed_by_fprobe() {
	has_fprobe || exit "$KSFT_SKIP"
	insmod "$TSOFFSET_KO" hook=fprobe maxactive=1
	expect hook=fprobe
	park nobody
	exec 5>&4
	first=$parking
	park root 50 7002
	workload connect --serve --to '[::1]:7001' --connects 100
	expect connects_called=452 connects_missed=0 connects_capped=0 connects_in_flight=350 offset_match=102
	exec 5>&-
	wait "$first"
	let_go
	all_matched 452
}

# The control: two users together take all instances of a kretprobe.
all_missed_by_kprobe() {
	insmod "$TSOFFSET_KO" hook=kprobe maxactive=8
	expect hook=kprobe
	park nobody 50
	exec 5>&4
	first=$parking
	park root 50 7002
	before=$(stat offset_match)
	su -s /bin/sh daemon -c "tsoffset-workload connect --serve --to '[::1]:7001' --connects 100"
	[ "$(stat offset_match)" -eq "$before" ]
	[ "$(stat connects_missed)" -ge 100 ]
	exec 5>&-
	wait "$first"
	let_go
	expect connects_in_flight=0 ledger=balanced
}

# Disarming kprobes affects neither the fprobe that follows calls nor the counter of calls. So each would report calls that
# the other missed.
disarmed_kprobes_hide_nothing() {
	has_fprobe || exit "$KSFT_SKIP"
	insmod "$TSOFFSET_KO" hook=fprobe
	echo 0 > /sys/kernel/debug/kprobes/enabled
	workload connect --serve --connects 20 --threads 1
	expect probe_armed=1 connects_called=20 connects_missed=0 offset_match=20 ledger=balanced
	echo 1 > /sys/kernel/debug/kprobes/enabled
	all_matched 20
}

# keep_followed FUNCTION: adds another fprobe on FUNCTION, so that the kernel keeps following its calls between two loads.
keep_followed() {
	echo "f:tsoffset_keep $1%return" >> /sys/kernel/tracing/dynamic_events
	trap 'echo 0 > /sys/kernel/tracing/events/fprobes/tsoffset_keep/enable
		echo "-:tsoffset_keep" >> /sys/kernel/tracing/dynamic_events' EXIT
	echo 1 > /sys/kernel/tracing/events/fprobes/tsoffset_keep/enable
}

# The module ignores the return of a call that began before the load, even if the module reuses its predecessor's memory.
calls_from_before_are_not_counted() {
	[ "${TSOFFSET_HOOK:-kprobe}" = kprobe ] || keep_followed tcp_v6_connect
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		load
		park nobody 20
		expect connects_in_flight=20
		rmmod tsoffset
		load
		let_go
		expect connects_called=0 connects_entered=0 connects_returned=0 connects_in_flight=0 ledger=balanced
		rmmod tsoffset
	done
}

run_checks none_missed_beside_300 none_missed_by_fprobe all_missed_by_kprobe \
	disarmed_kprobes_hide_nothing calls_from_before_are_not_counted
