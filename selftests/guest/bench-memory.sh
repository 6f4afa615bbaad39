#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Measures the memory of the loaded module in the guest, alone and with more network namespaces. Prints lines
# "memory POSSIBLE-CPUS ONLINE-CPUS NAMESPACES OUTCOMES BYTES", where NAMESPACES includes the initial one.
set -e
: "${NAMESPACES:=200}"

possible=$(($(sed 's/.*[-,]//' /sys/devices/system/cpu/possible) + 1))

# Prints in kB the memory in unreclaimable slabs, per-CPU memory, vmalloc and the pages of large allocations.
memory() { awk '$1 ~ /^(SUnreclaim|Percpu|VmallocUsed):$/ { n += $2 } END { print n }' /proc/meminfo; }

# loaded NAMESPACES OUTCOMES: loads the module twice, because the first load takes memory that the kernel keeps.
loaded() {
	local before
	insmod /lib/tsoffset/tsoffset.ko "outcomes=$2"
	rmmod tsoffset
	sleep 3
	before=$(memory)
	insmod /lib/tsoffset/tsoffset.ko "outcomes=$2"
	sleep 2
	echo "memory $possible $(nproc) $1 $2 $((($(memory) - before) * 1024))"
	rmmod tsoffset
}

loaded 1 0
loaded 1 4096
loaded 1 65536
for _ in $(seq "$NAMESPACES"); do
	unshare -n sleep 100000 &
done
until [ "$(readlink /proc/[0-9]*/ns/net | sort -u | wc -l)" -gt "$NAMESPACES" ]; do sleep 0.2; done
sleep 2
loaded $((NAMESPACES + 1)) 0
loaded $((NAMESPACES + 1)) 4096
