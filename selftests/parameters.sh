#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Module parameters, good and bad.
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

NOLOAD=1

# As without the parameter: 1024 for each possible CPU.
maxactive_zero_is_the_default() {
	load_with maxactive=0
	all_matched 0
}

maxactive_too_large_is_refused() {
	refuses 'Invalid parameters' 'maxactive=4097 is not within' load_with maxactive=4097
}

maxactive_no_number_is_refused() { refuses 'Invalid parameters' maxactive load_with maxactive=many; }

maxactive_negative_is_refused() { refuses 'Invalid parameters' maxactive load_with maxactive=-1; }

maxactive_limits_are_taken() {
	load_with maxactive=1
	rmmod tsoffset
	load_with maxactive=4096
}

# As modprobe passes them: those of modprobe.d first. It takes "File exists" for success.
the_last_of_several_counts() {
	load_with maxactive=many maxactive=1 && return 1
	load_with maxactive=1 records=2 maxactive=4 records=8
	# Each CPU has a ring.
	taskset 1 tsoffset-workload connect --serve --threads 1 --connects 10
	expect connects_recorded=10 records_readable=8
}

# At two CPUs 65536 records are 16 MiB, and 32 with outcomes: they are taken. More CPUs: tests/host/src/ring.rs.
records_limits_are_taken() {
	load_with records=65536 outcomes=1
	all_matched 0
}

# By the kernel's own list, where a kretprobe with another handler than the kernel's is a k.
has_kprobe() { grep -Eq '^[0-9a-f]+ +[kr] +tcp_v6_connect' /sys/kernel/debug/kprobes/list; }

hook_is_chosen() {
	insmod "$TSOFFSET_KO"
	expect hook=kprobe
	has_kprobe
	rmmod tsoffset
	insmod "$TSOFFSET_KO" hook=kprobe
	expect hook=kprobe
	rmmod tsoffset
	if has_fprobe; then
		insmod "$TSOFFSET_KO" hook=fprobe witness=1 outcomes=16
		expect hook=fprobe probe_armed=1
		all_matched 0
		if has_kprobe; then return 1; fi
	else
		refuses 'Operation not supported' 'hook=fprobe needs CONFIG_FPROBE' insmod "$TSOFFSET_KO" hook=fprobe
	fi
}

hook_unknown_is_refused() { refuses 'Invalid parameters' hook insmod "$TSOFFSET_KO" hook=uprobe; }

private_counts_are_for_root() {
	load_with private=1
	[ "$(busybox stat -c %a "$STATS")" = 400 ]
	[ "$(busybox stat -c %a /proc/net/tsoffset)" = 400 ]
	if su -s /bin/sh nobody -c "cat $STATS"; then return 1; fi
	if su -s /bin/sh nobody -c 'cat /proc/net/tsoffset'; then return 1; fi
	if su -s /bin/sh nobody -c "unshare --user --map-root-user cat $STATS"; then return 1; fi
	if su -s /bin/sh nobody -c "unshare --user --map-root-user cat /proc/net/tsoffset"; then return 1; fi
	# Who makes a network namespace owns its files.
	su -s /bin/sh nobody -c 'unshare --user --map-root-user unshare --net cat /proc/net/tsoffset' |
		grep -qx 'version 1'
	all_matched 0
}

private_no_switch_is_refused() { refuses 'Invalid parameters' private load_with private=maybe; }

parameters_are_documented() {
	modinfo "$TSOFFSET_KO"
	modinfo "$TSOFFSET_KO" | grep -Eq '^parm: +maxactive:.*1 to 4096, or 16 for each possible CPU if that is more; 0: 1024 for each possible CPU'
}

run_checks maxactive_zero_is_the_default maxactive_too_large_is_refused \
	maxactive_no_number_is_refused maxactive_negative_is_refused maxactive_limits_are_taken \
	the_last_of_several_counts records_limits_are_taken hook_is_chosen hook_unknown_is_refused private_counts_are_for_root private_no_switch_is_refused \
	parameters_are_documented
