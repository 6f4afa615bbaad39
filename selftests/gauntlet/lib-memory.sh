# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Compares the kernel's memory before and after. A script sources this file after lib.sh.

# Prints in kB the kernel's memory in use, including memory that the kernel would release on request.
memory_in_use() { awk '$1 ~ /^(SUnreclaim|Percpu|VmallocUsed|KernelStack):$/ { n += $2 } END { print n }' /proc/meminfo; }

# Lists all slab caches, the largest first if the kernel reports sizes. KASAN searches its quarantine again for each cache
# that is shrunk. Shrinking large caches first empties the quarantine sooner.
slab_caches() {
	{
		[ ! -r /proc/slabinfo ] || awk 'NR > 2 { print $3 * $4, $1 }' /proc/slabinfo | sort -rn | cut -d ' ' -f 2
		ls /sys/kernel/slab
	} | awk '!seen[$0]++'
}

# kernel_memory [SLABS]: prints in kB the memory that the kernel cannot release on request. Writes the size of each slab
# cache to SLABS, if the kernel reports sizes.
kernel_memory() {
	sync
	echo 3 > /proc/sys/vm/drop_caches
	# Shrinking releases empty slabs, and objects in KASAN's quarantine. The quarantine holds up to a thirty-second of
	# all memory.
	slab_caches | while read -r cache; do
		[ ! -w "/sys/kernel/slab/$cache/shrink" ] || echo 1 > "/sys/kernel/slab/$cache/shrink"
	done
	[ -z "$1" ] || slab_sizes > "$1"
	memory_in_use
}

# Prints "CACHE KB" for each slab cache.
slab_sizes() { [ ! -r /proc/slabinfo ] || awk 'NR > 2 { print $1, $15 * $6 * 4 }' /proc/slabinfo; }

# grown BEFORE AFTER: prints the eight slab caches that grew most, in kB.
grown() {
	awk 'NR == FNR { before[$1] = $2; next } $2 > before[$1] { print $2 - before[$1], "kB more in", $1 ":", $2 }' "$1" "$2" |
		sort -rn | head -n 8
}

# memory_came_back BEFORE NOISE [SLABS]: expects the memory in use to return soon to BEFORE plus at most NOISE kB. SLABS is
# a file that kernel_memory wrote before. With SLABS, prints the slab caches that grew.
memory_came_back() {
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		after=$(kernel_memory "${3:+/tmp/slabs}")
		[ "$after" -gt $(($1 + $2)) ] || break
		sleep 2
	done
	figure "the kernel's memory before and after" "$1 kB, $after kB"
	[ -z "$3" ] || grown "$3" /tmp/slabs
	[ "$after" -le $(($1 + $2)) ]
}
