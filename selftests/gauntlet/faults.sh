#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every call of the kernel that can fail does: memory by fault injection, registrations in a module that is made for it.
# Needs CONFIG_FAILSLAB and CONFIG_FAIL_PAGE_ALLOC.
TSOFFSET_SELFTESTS=$(dirname "$0")/../tsoffset
# shellcheck source=selftests/lib.sh
. "$TSOFFSET_SELFTESTS/lib.sh"

NOLOAD=1
# Everything on, and small: each page of a table is an allocation.
ALL=(witness=1 outcomes=16 records=2 maxactive=4)
DEBUG=/sys/kernel/debug

# Any allocation may be the one, that of a single page and one that may wait included.
for kind in failslab fail_page_alloc; do
	echo N > "$DEBUG/$kind/ignore-gfp-wait"
	echo 0 > "$DEBUG/$kind/verbose"
done
echo N > "$DEBUG/fail_page_alloc/ignore-gfp-highmem"
echo 0 > "$DEBUG/fail_page_alloc/min-order"

# every_allocation WHAT OPTIONS...: of each call a figure, and the counts in /tmp/fault.
every_allocation() {
	what=$1
	shift
	tsoffset-workload fault "$@" > /tmp/fault
	figure "$what, each memory allocation failing once" "$(tr '\n' ' ' < /tmp/fault)"
}

# failed NAME: how often the last call ended so.
failed() { field "$1" < /tmp/fault; }

# Before the module's own, the loader makes hundreds for it, which are the kernel's affair: as many as are made where the
# very first registration fails.
each_allocation_of_load() {
	# The first load since boot makes more than the others: were it the one that is counted, some of the module's would be
	# taken for the loader's.
	load_with "${ALL[@]}"
	rmmod tsoffset
	loader=$(tsoffset-workload fault --count load "$VARIANTS/tsoffset-fault.ko" "${ALL[@]}" maxactive=1 | field allocations)
	every_allocation "loading, after the loader's $loader" --from "$((loader - 20))" load "$TSOFFSET_KO" "${ALL[@]}"
	# Most are the debug kernel's own and are done without. Where ftrace finds none, a probe that is armed as it is registered never
	# fires, of which nobody is told: EIO, as the module tries them. One that is armed after that is refused (docs/gauntlet.md).
	[ -z "$(failed EIO)" ]
	[ "$(failed ENOMEM)" -gt 20 ]
	load_with "${ALL[@]}"
	workload connect --serve --threads 1 --connects 20
	all_matched 20
}

each_allocation_of_a_reader() {
	load_with "${ALL[@]}"
	workload connect --serve --threads 1 --connects 20
	for file in /proc/tsoffset/stats /proc/tsoffset/last /proc/tsoffset/connects /proc/tsoffset/events \
		/proc/tsoffset/filter /proc/net/tsoffset; do
		every_allocation "opening and reading $file" open "$file"
		[ "$(failed ENOMEM)" -gt 0 ]
	done
	all_matched 20
}

each_allocation_of_a_filter() {
	load_with "${ALL[@]}"
	every_allocation "writing a filter" write /proc/tsoffset/filter 'uid=0 dport=7000 daddr=::1,::/16'
	[ "$(failed ENOMEM)" -gt 0 ]
	workload connect --serve --threads 1 --connects 20
	expect connects_recorded=20 ledger=balanced
}

# A namespace without its counters would not come up: it is refused as the kernel refuses it.
each_allocation_of_a_namespace() {
	load_with "${ALL[@]}"
	every_allocation "a network namespace coming up" namespace
	[ "$(failed ENOMEM)" -gt 0 ]
	workload connect --serve --threads 1 --connects 20
	all_matched 20
}

# What is registered, and per-CPU memory: a socket, memory for counters (this CPU's state, the works of the wait queue,
# those of no namespace and of the first one), a state of CPU hotplug and its instance for the rings, counters and file of each namespace,
# four kretprobes that are registered and then enabled, a tracepoint, a directory, five files and one of the first namespace.
each_registration() {
	number=1
	until message=$(insmod "$VARIANTS/tsoffset-fault.ko" "${ALL[@]}" "maxactive=$number" 2>&1); do
		echo "$message" | grep -q 'Cannot allocate memory'
		[ ! -e /proc/tsoffset ] && [ ! -e /proc/net/tsoffset ] && [ ! -d /sys/module/tsoffset ]
		[ "$(grep -c tcp_v6_connect "$DEBUG/kprobes/list")" -eq 0 ]
		load_with "${ALL[@]}"
		rmmod tsoffset
		number=$((number + 1))
	done
	figure "loading, each registration failing once" "$((number - 1)) failed"
	[ "$((number - 1))" -eq $((1 + 4 + 2 + 2 + 2 * 4 + 1 + 1 + 5 + 1)) ]
}

# Of all that was done above, nothing is left. An object counts when it is a few seconds old and was missed twice.
nothing_leaked() {
	sleep 6
	echo scan > "$DEBUG/kmemleak"
	sleep 6
	echo scan > "$DEBUG/kmemleak"
	cat "$DEBUG/kmemleak"
	[ -z "$(cat "$DEBUG/kmemleak")" ]
}

run_checks each_registration each_allocation_of_a_filter each_allocation_of_a_reader each_allocation_of_a_namespace \
	each_allocation_of_load nothing_leaked
