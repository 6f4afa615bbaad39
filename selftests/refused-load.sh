#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Kernels in which the module cannot work: the load fails with a message and leaves nothing behind.
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

NOLOAD=1

# kmod prints its own text for ENOENT.
missing_symbol_is_refused() {
	refuses 'Unknown symbol in module' 'cannot probe tcp_v6_connect_missing: ENOENT' \
		insmod "$VARIANTS/tsoffset-no-symbol.ko"
}

# The module tests each hook at load, but the hooks on setsockopt() only with outcomes.
hooks_that_do_not_fire_are_refused() {
	refuses 'Input/output error' 'registered but do not fire' insmod "$VARIANTS/tsoffset-no-sysctl.ko"
	refuses 'Input/output error' 'registered but do not fire' insmod "$VARIANTS/tsoffset-no-setsockopt.ko" outcomes=1
	insmod "$VARIANTS/tsoffset-no-setsockopt.ko"
	all_matched 0
}

disarmed_kprobes_are_refused() {
	kprobe_hook_only
	echo 0 > /sys/kernel/debug/kprobes/enabled
	refuses 'Input/output error' 'registered but do not fire' load
	echo 1 > /sys/kernel/debug/kprobes/enabled
	load
	all_matched 0
}

disarming_after_the_load_is_logged() {
	kprobe_hook_only
	load
	expect probe_armed=1
	echo 0 > /sys/kernel/debug/kprobes/enabled
	expect probe_armed=0
	echo 1 > /sys/kernel/debug/kprobes/enabled
	all_matched 0
}

# Newer kernels lack this switch. Older kernels may refuse to arm a probe while ftrace is off.
ftrace_off_is_refused_or_works() {
	if ! sysctl -q kernel.ftrace_enabled=0; then
		echo "this kernel does not let anyone switch ftrace off"
		return 0
	fi
	mark_log
	if load; then
		workload connect --serve --connects 10 --threads 1
		all_matched 10
	else
		log_since_mark
		[ "$(log_since_mark | wc -l)" -eq 1 ]
		[ ! -e /proc/tsoffset ]
	fi
}

# This module variant makes its files and fails to load when it gets a signal. No process can open the files before the load
# succeeds.
files_of_a_load_that_fails() {
	insmod "$VARIANTS/tsoffset-late.ko" &
	loading=$!
	wait_for 20 test -e /proc/tsoffset/events
	for file in stats last connects filter events; do
		if message=$(head -c 1 "/proc/tsoffset/$file" 2>&1); then return 1; fi
		echo "$message" | grep 'No such device'
	done
	if message=$(head -c 1 /proc/net/tsoffset 2>&1); then return 1; fi
	echo "$message" | grep 'No such device'
	# The module is still loading.
	grep '^tsoffset .* Loading ' /proc/modules
	kill -TERM "$loading"
	if wait "$loading"; then return 1; fi
	[ ! -e /proc/tsoffset ]
	[ ! -e /proc/net/tsoffset ]
	[ ! -d /sys/module/tsoffset ]
	load
	all_matched 0
}

run_checks missing_symbol_is_refused hooks_that_do_not_fire_are_refused disarmed_kprobes_are_refused disarming_after_the_load_is_logged \
	ftrace_off_is_refused_or_works files_of_a_load_that_fails
