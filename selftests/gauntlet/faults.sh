#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Makes every kernel call that can fail do so: memory allocations by fault injection, registrations by a mutant.
# Requires CONFIG_FAILSLAB and CONFIG_FAIL_PAGE_ALLOC.
TSOFFSET_SELFTESTS=$(dirname "$0")/../tsoffset
# shellcheck source=selftests/lib.sh
. "$TSOFFSET_SELFTESTS/lib.sh"

NOLOAD=1
# All features with small tables: each page of a table is an allocation.
ALL=(witness=1 outcomes=16 records=2 maxactive=4)
DEBUG=/sys/kernel/debug

# Any allocation can fail, including single pages and allocations that may sleep.
for kind in failslab fail_page_alloc; do
	echo N > "$DEBUG/$kind/ignore-gfp-wait"
	echo 0 > "$DEBUG/$kind/verbose"
done
echo N > "$DEBUG/fail_page_alloc/ignore-gfp-highmem"
echo 0 > "$DEBUG/fail_page_alloc/min-order"

# every_allocation WHAT OPTIONS...: lets each allocation of a call fail once. Prints a figure, and stores the counts in
# /tmp/fault.
every_allocation() {
	what=$1
	shift
	tsoffset-workload fault "$@" > /tmp/fault
	figure "$what, each memory allocation failing once" "$(tr '\n' ' ' < /tmp/fault)"
}

# failed NAME: prints how many calls ended with NAME.
failed() { field "$1" < /tmp/fault; }

# The loader's own hundreds of allocations come before the module's. A load whose first registration fails makes only the
# loader's allocations.
each_allocation_of_load() {
	# The first load since boot makes more allocations. Counting it would attribute some of the module's allocations to
	# the loader.
	load_with "${ALL[@]}"
	rmmod tsoffset
	loader=$(tsoffset-workload fault --count load "$VARIANTS/tsoffset-fault.ko" "${ALL[@]}" maxactive=1 | field allocations)
	every_allocation "loading, after the loader's $loader" --from "$((loader - 20))" load "$TSOFFSET_KO" "${ALL[@]}"
	# Most allocations belong to the debug kernel, which continues without them. A probe that is armed at its
	# registration never fires if ftrace lacks memory, and the registration reports no error. The load's test of the
	# probe would return EIO. A probe that is armed later reports the error (docs/gauntlet.md).
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

# A namespace cannot exist without its counters: the kernel fails its creation.
each_allocation_of_a_namespace() {
	load_with "${ALL[@]}"
	every_allocation "a network namespace coming up" namespace
	[ "$(failed ENOMEM)" -gt 0 ]
	workload connect --serve --threads 1 --connects 20
	all_matched 20
}

# The registrations and the allocations of per-CPU memory:
# - a socket
# - memory for counters: this CPU's state, the works of the wait queue, those of no namespace, those of the first namespace
# - a state of CPU hotplug and its instance for the rings
# - counters and file of each namespace
# - four kretprobes, which are registered and then enabled
# - a tracepoint, a directory, five files, and one file of the first namespace
each_registration() {
	number=1
	until message=$(insmod "$VARIANTS/tsoffset-fault.ko" "${ALL[@]}" "maxactive=$number" 2>&1); do
		echo "$message" | grep -q 'Cannot allocate memory'
		[ ! -e /proc/tsoffset ]
		[ ! -e /proc/net/tsoffset ]
		[ ! -d /sys/module/tsoffset ]
		[ "$(grep -c tcp_v6_connect "$DEBUG/kprobes/list")" -eq 0 ]
		load_with "${ALL[@]}"
		rmmod tsoffset
		number=$((number + 1))
	done
	figure "loading, each registration failing once" "$((number - 1)) failed"
	[ "$((number - 1))" -eq $((1 + 4 + 2 + 2 + 2 * 4 + 1 + 1 + 5 + 1)) ]
}

# All checks above leave no memory. kmemleak reports an object that is some seconds old and unreferenced in two scans.
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
