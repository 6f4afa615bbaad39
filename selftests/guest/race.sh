#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What `make race` does in the guest: each writer of tp->tsoffset against its lockless reader, KCSAN
# watching, or a function `workload` where one is defined. The console is the record, marked where a row
# of the workload begins and ends; the lines printed here are for scripts/race/evidence.
set -eo pipefail

section() { echo "== $*"; }

# Sampling, by trial on 2 emulated CPUs (docs/race.md has the figures): one access in skip_watch is
# watched, for udelay_task microseconds. Set here and not at boot, which would take minutes with it.
if [ -d /sys/module/kcsan/parameters ]; then
	echo "${SKIP_WATCH:-20}" > /sys/module/kcsan/parameters/skip_watch
	echo "${UDELAY_TASK:-100}" > /sys/module/kcsan/parameters/udelay_task
fi

# KCSAN=off is the control: a run that proves nothing has to say so.
if [ "${KCSAN-on}" = off ]; then
	echo off > /sys/kernel/debug/kcsan
fi

kcsan_state() {
	if [ -r /sys/kernel/debug/kcsan ]; then
		grep -E '^(enabled|setup_watchpoints):' /sys/kernel/debug/kcsan | tr -d :
	fi
}

section guest
echo "cpus $(grep -c ^processor /proc/cpuinfo)"
for slab in TCPv6 TCP; do
	section "slab-$slab"
	for name in slab_size order; do
		echo "$name $(cat /sys/kernel/slab/$slab/$name)"
	done
done
section kcsan-before
kcsan_state

# watched NAME COMMAND...: a row.
watched() {
	echo "tsoffset-race: begin $1" > /dev/kmsg
	section "$1"
	"${@:2}"
	# A report in the making is printed when its delay is over.
	sleep 0.3
	echo "tsoffset-race: end $1" > /dev/kmsg
}

# row NAME SECONDS [WRITER [WRITES]]
row() {
	watched "$1" tsoffset-workload race --writer "${3:-$1}" --seconds "$2" \
		--writes "${4:-0}" --pairs "${PAIRS:-1}"
}

# A program of the user's, whose output is no evidence.
own() {
	local begun=$SECONDS status=0
	(cd /root && set +e && workload) > /tmp/workload.output 2>&1 < /dev/null || status=$?
	echo "seconds $((SECONDS - begun))"
	echo "status $status"
}

if [ "$(type -t workload)" = function ]; then
	watched workload own
	section kcsan-after
	kcsan_state
	section said
	tail -n 20 /tmp/workload.output | sed 's/^/| /'
	section end
	exit
fi

# The number of reports depends on the number of accesses and on the machine's load.
row v6 "${SECONDS_V6:-45}" v6 "${WRITES_V6:-2400}"
row v4mapped "${SECONDS_OTHERS:-5}"
row v4 "${SECONDS_OTHERS:-5}"
row repair "${SECONDS_OTHERS:-5}"
section kcsan-after
kcsan_state
# The witness beside KCSAN: after the rows above, whose counts are those of the kernel alone.
if [ -e /lib/tsoffset/tsoffset.ko ]; then
	insmod /lib/tsoffset/tsoffset.ko witness=1
	row witness "${SECONDS_WITNESS:-10}" v6
	section witness-stats
	cat /proc/tsoffset/stats
	rmmod tsoffset
fi
section end
