# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The kernel's memory, before and after. Sourced after lib.sh.

# In kB: what the kernel cannot give back when asked to.
kernel_memory() {
	sync
	echo 3 > /proc/sys/vm/drop_caches
	# Slabs that are empty; and what is freed, where KASAN keeps that for a while, up to a thirty-second of all memory.
	for shrink in /sys/kernel/slab/*/shrink; do
		[ ! -w "$shrink" ] || echo 1 > "$shrink"
	done
	awk '$1 ~ /^(SUnreclaim|Percpu|VmallocUsed|KernelStack):$/ { n += $2 } END { print n }' /proc/meminfo
}

# memory_came_back BEFORE NOISE: soon, no more is in use than before, but for so many kB.
memory_came_back() {
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		after=$(kernel_memory)
		[ "$after" -gt $(($1 + $2)) ] || break
		sleep 2
	done
	figure "the kernel's memory before and after" "$1 kB, $after kB"
	[ "$after" -le $(($1 + $2)) ]
}
