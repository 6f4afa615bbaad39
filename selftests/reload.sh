#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Loads of the module while calls from before the load are in progress.
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=selftests/lib-park.sh
. "$(dirname "$0")/lib-park.sh"

NOLOAD=1

# keep_followed FUNCTION: adds another fprobe on FUNCTION, so that the kernel keeps following its calls between two loads.
keep_followed() {
	[ -e /sys/kernel/tracing/README ]
	grep -qF 'f[:[' /sys/kernel/tracing/README || {
		echo "the kernel has no events by fprobes"
		exit "$KSFT_SKIP"
	}
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

run_checks calls_from_before_are_not_counted
