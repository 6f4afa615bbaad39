#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Measures the memory of the loaded module in the guest, alone and with more network namespaces. Prints lines
# "memory CPUS NAMESPACES OUTCOMES BYTES", where NAMESPACES includes the initial one. The load with more namespaces has
# outcomes=OUTCOMES.
set -e
: "${NAMESPACES:=200}" "${OUTCOMES:=0}"

# Prints in kB the memory in unreclaimable slabs, per-CPU memory, vmalloc and the pages of large allocations.
memory() { awk '$1 ~ /^(SUnreclaim|Percpu|VmallocUsed):$/ { n += $2 } END { print n }' /proc/meminfo; }

namespaces() { find /proc/[0-9]*/ns -maxdepth 1 -name net -exec readlink {} \; 2> /dev/null | sort -u | wc -l; }

# loaded NAMESPACES OUTCOMES: prints the growth of memory from before the load.
loaded() {
	local before
	before=$(memory)
	insmod /lib/tsoffset/tsoffset.ko "outcomes=$2"
	sleep 2
	echo "memory $(nproc) $1 $2 $((($(memory) - before) * 1024))"
	rmmod tsoffset
	sleep 3
}

# The first load takes memory that the kernel keeps for all modules.
loaded 1 0 > /dev/null
loaded 1 0
loaded 1 4096
loaded 1 65536
for _ in $(seq "$NAMESPACES"); do
	unshare -n sleep 100000 &
done
until [ "$(namespaces)" -gt "$NAMESPACES" ]; do sleep 1; done
sleep 3
# Once only: the kernel keeps per-CPU pages of an unloaded module, and a second load of as many namespaces takes these.
loaded $((NAMESPACES + 1)) "$OUTCOMES"
