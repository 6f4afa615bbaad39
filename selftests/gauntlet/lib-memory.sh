# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The kernel's memory, before and after. Sourced after lib.sh.

# In kB, as it is now: with what the kernel would give back, if it were asked to.
memory_in_use() { awk '$1 ~ /^(SUnreclaim|Percpu|VmallocUsed|KernelStack):$/ { n += $2 } END { print n }' /proc/meminfo; }

# The names of all slab caches, the largest first where the kernel says how large they are. What KASAN keeps is searched anew for
# each cache that is shrunk: the sooner most of it is gone, the shorter that takes.
slab_caches() {
	{
		[ ! -r /proc/slabinfo ] || awk 'NR > 2 { print $3 * $4, $1 }' /proc/slabinfo | sort -rn | cut -d ' ' -f 2
		ls /sys/kernel/slab
	} | awk '!seen[$0]++'
}

# kernel_memory [SLABS]: in kB, what the kernel cannot give back when asked to; SLABS gets the size of each slab cache then, where the
# kernel says it.
kernel_memory() {
	sync
	echo 3 > /proc/sys/vm/drop_caches
	# Slabs that are empty; and what is freed, where KASAN keeps that for a while, up to a thirty-second of all memory.
	slab_caches | while read -r cache; do
		[ ! -w "/sys/kernel/slab/$cache/shrink" ] || echo 1 > "/sys/kernel/slab/$cache/shrink"
	done
	[ -z "$1" ] || slab_sizes > "$1"
	memory_in_use
}

# Lines "CACHE KB": the slabs it has.
slab_sizes() { [ ! -r /proc/slabinfo ] || awk 'NR > 2 { print $1, $15 * $6 * 4 }' /proc/slabinfo; }

# grown BEFORE AFTER: the slab caches that have more than before, the eight that have most; each says how many kB.
grown() {
	awk 'NR == FNR { before[$1] = $2; next } $2 > before[$1] { print $2 - before[$1], "kB more in", $1 ":", $2 }' "$1" "$2" |
		sort -rn | head -n 8
}

# memory_came_back BEFORE NOISE [SLABS]: soon, no more is in use than before, but for so many kB. Says which slab caches grew, by what
# kernel_memory left of the time before.
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
