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

# What else there is to know: "measured FIGURE UNIT OF-WHAT".
measured() { echo "measured $*"; }

# In kB: slabs that cannot be reclaimed, per-CPU memory and vmalloc's.
memory() { awk '$1 ~ /^(SUnreclaim|Percpu|VmallocUsed):$/ { n += $2 } END { print n }' /proc/meminfo; }

# taken PARAMETER...: memory that is in use while the module is loaded with them. Once before: what modules take for
# the first time is not of this one.
taken() {
	insmod /lib/tsoffset/tsoffset.ko "$@"
	rmmod tsoffset
	sleep 2
	before=$(memory)
	insmod /lib/tsoffset/tsoffset.ko "$@"
	sleep 1
	measured $(($(memory) - before)) kB "of memory with $(nproc --all) possible CPU${*:+ and $*}, the module itself included"
	rmmod tsoffset
}

# nanoseconds COMMAND...: how long it takes, to the microsecond: instructions.
nanoseconds() {
	start=${EPOCHREALTIME//[!0-9]/}
	"$@" > /dev/null
	end=${EPOCHREALTIME//[!0-9]/}
	echo $(((end - start) * 1000))
}

# reading FILE RECORDS: what one record costs who reads them all, the cost of reading none taken off.
reading() {
	insmod /lib/tsoffset/tsoffset.ko records=1024
	cat "$1" > /dev/null
	none=$(nanoseconds cat "$1")
	tsoffset-workload connect --serve --threads 1 --connects "$2" > /dev/null
	[ "$(grep -c ::1 "$1")" -eq "$2" ]
	all=$(nanoseconds cat "$1")
	measured $(((all - none) / $2)) instructions "for each record when $2 are read from $1"
	rmmod tsoffset
}

if [ -n "$BENCH_REST" ]; then
	taken
	taken records=1024
	taken witness=1
	taken outcomes=4096
	reading /proc/tsoffset/connects 1000
fi
