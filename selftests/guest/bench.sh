#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What `make bench` does in the guest, where one nanosecond is one instruction, with BENCH_ARGUMENTS and with
# BENCH_CANDIDATES, "call candidate..." lines. Prints what the workload's bench prints, each after a line "call NAME".
set -eo pipefail

tar -C / -xf /root/bench.tar
echo "kernel $(uname -r)"
echo "clocksource $(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)"
echo "tool $(bpftrace --version)"
# What the system does after booting is over.
sleep 20
while read -r call candidates; do
	[ -n "$call" ] || continue
	echo "call $call"
	set --
	for candidate in $candidates; do
		set -- "$@" "/bench/candidates/$candidate"
	done
	# shellcheck disable=SC2086 # a list of options
	tsoffset-workload bench --call "$call" $BENCH_ARGUMENTS "$@"
done << END
$BENCH_CANDIDATES
END
