#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Module parameters, valid and invalid.
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

NOLOAD=1

# 0 has the default's effect: 1024 for each possible CPU.
maxactive_zero_is_the_default() {
	load_with maxactive=0
	all_matched 0
}

maxactive_too_large_is_refused() {
	refuses 'Invalid parameters' 'maxactive=4097 is not within' load_with maxactive=4097
}

maxactive_not_a_number_is_refused() { refuses 'Invalid parameters' maxactive load_with maxactive=many; }

maxactive_negative_is_refused() { refuses 'Invalid parameters' maxactive load_with maxactive=-1; }

maxactive_limits_are_taken() {
	load_with maxactive=1
	rmmod tsoffset
	load_with maxactive=4096
}

# modprobe passes the parameters of modprobe.d before those of its command line. modprobe treats "File exists" as success.
last_of_several_values_applies() {
	load_with maxactive=many maxactive=1 && return 1
	load_with maxactive=1 records=2 maxactive=4 records=8
	# Each CPU has its own ring.
	taskset 1 tsoffset-workload connect --serve --threads 1 --connects 10
	expect connects_recorded=10 records_readable=8
}

# All rings may take 256 MiB. A record takes 128 bytes, and outcomes=1 makes three rings. The limit counts possible CPUs: on two,
# 65536 records are 48 MiB. tests/host/src/ring.rs tests more CPUs.
records_limits_are_taken() {
	records=65536
	while [ $((records * 128 * 3 * $(possible_cpus))) -gt $((256 << 20)) ]; do
		records=$((records / 2))
	done
	load_with records="$records" outcomes=1
	all_matched 0
}

# Succeeds if the kernel's list has a probe on the function. The list shows a kretprobe with a foreign handler as "k".
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
	# The user who makes a network namespace owns its files.
	su -s /bin/sh nobody -c 'unshare --user --map-root-user unshare --net cat /proc/net/tsoffset' |
		grep -qx 'version 1'
	all_matched 0
}

private_not_boolean_is_refused() { refuses 'Invalid parameters' private load_with private=maybe; }

parameters_are_documented() {
	modinfo "$TSOFFSET_KO"
	modinfo "$TSOFFSET_KO" | grep -Eq '^parm: +maxactive:.*1 to 4096, or 16 for each possible CPU if that is more; 0: 1024 for each possible CPU'
}

run_checks maxactive_zero_is_the_default maxactive_too_large_is_refused \
	maxactive_not_a_number_is_refused maxactive_negative_is_refused maxactive_limits_are_taken \
	last_of_several_values_applies records_limits_are_taken hook_is_chosen hook_unknown_is_refused private_counts_are_for_root private_not_boolean_is_refused \
	parameters_are_documented
