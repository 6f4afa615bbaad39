#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs in the guest for `make bench`, where one nanosecond is one instruction. Uses BENCH_ARGUMENTS and BENCH_CANDIDATES,
# which has "call candidate..." lines. Prints the output of the workload's bench for each call after a line "call NAME".
set -eo pipefail

tar -C / -xf /root/bench.tar
echo "kernel $(uname -r)"
echo "clocksource $(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)"
echo "tool $(bpftrace --version)"
# The system is idle some seconds after boot.
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

# measured FIGURE UNIT OF-WHAT...: prints another figure.
measured() { echo "measured $*"; }

# Prints in kB the memory in unreclaimable slabs, per-CPU memory and vmalloc.
memory() { awk '$1 ~ /^(SUnreclaim|Percpu|VmallocUsed):$/ { n += $2 } END { print n }' /proc/meminfo; }

# taken PARAMETER...: measures the memory of the module loaded with these parameters. An earlier load takes the memory that
# the kernel allocates once for all modules, and the large page that has their text (EXECMEM_ROX).
taken() {
	insmod /lib/tsoffset/tsoffset.ko "$@"
	rmmod tsoffset
	sleep 2
	before=$(memory)
	insmod /lib/tsoffset/tsoffset.ko "$@"
	sleep 1
	measured $(($(memory) - before)) kB "of memory with $(nproc --all) possible CPU${*:+ and $*}, without the module's text"
	rmmod tsoffset
}

# nanoseconds COMMAND...: prints COMMAND's time, in steps of a microsecond. One nanosecond is one instruction.
nanoseconds() {
	start=${EPOCHREALTIME//[!0-9]/}
	"$@" > /dev/null
	end=${EPOCHREALTIME//[!0-9]/}
	echo $(((end - start) * 1000))
}

# reading FILE RECORDS: measures the cost of a record when RECORDS records are read. Subtracts the cost of reading without
# records.
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

namespaces() { find /proc/[0-9]*/ns -maxdepth 1 -name net -exec readlink {} \; 2> /dev/null | sort -u | wc -l; }

# reading_stats NAMESPACES: measures the cost of a read of stats with so many network namespaces, beyond that of /proc/version.
reading_stats() {
	local none spent held=()
	insmod /lib/tsoffset/tsoffset.ko
	cat /proc/version > /dev/null
	none=$(nanoseconds cat /proc/version)
	for _ in $(seq $(($1 - 1))); do
		unshare -n sleep 100000 &
		held+=($!)
	done
	until [ "$(namespaces)" -ge "$1" ]; do sleep 1; done
	cat /proc/tsoffset/stats > /dev/null
	spent=$(nanoseconds cat /proc/tsoffset/stats)
	measured $((spent - none)) instructions "for a read of /proc/tsoffset/stats with $1 network namespaces"
	kill "${held[@]}"
	rmmod tsoffset
}

if [ -n "$BENCH_REST" ]; then
	taken
	taken records=1024
	taken witness=1
	taken outcomes=4096
	reading /proc/tsoffset/connects 1000
	reading_stats 1000
fi
