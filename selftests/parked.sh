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

# take_all PARAMETER...: loads with eight instances. Two users take all of them.
take_all() {
	insmod "$TSOFFSET_KO" hook=kprobe maxactive=8 "$@"
	park nobody 50
	exec 5>&4
	first=$parking
	park root 50 7002
}

# Ends the calls of both users.
end_all() {
	exec 5>&-
	wait "$first"
	let_go
	expect connects_in_flight=0 ledger=balanced
}

# The control: two users together take all instances of a kretprobe.
all_missed_by_kprobe() {
	take_all
	expect hook=kprobe
	before=$(stat offset_match)
	su -s /bin/sh daemon -c "tsoffset-workload connect --serve --to '[::1]:7001' --connects 100"
	[ "$(stat offset_match)" -eq "$before" ]
	[ "$(stat connects_missed)" -ge 100 ]
	end_all
}

# Two users take all instances. A missed call that fails in itself is in no failed_ line. A failure after the call is in one.
failures_of_missed_calls() {
	take_all outcomes=256
	before=$(stat connects_missed)
	# Of 35 calls, 25 fail in themselves and five later.
	su -s /bin/sh daemon -c 'tsoffset-workload refused --times 5'
	expect connects_in_flight=8 connects_missed=$((before + 35)) connects_failed=0 failed_refused=5 failed_no_route=0 \
		failed_error=0 failed_no_port=0 failed_closed=0 failures_recorded=5
	end_all
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

run_checks none_missed_beside_300 none_missed_by_fprobe all_missed_by_kprobe failures_of_missed_calls disarmed_kprobes_hide_nothing
