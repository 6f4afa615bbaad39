#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Permissions of the module's files.
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

as_nobody() { setpriv_nobody "$@"; }

# busybox's su requires no password when root calls it.
setpriv_nobody() { su -s /bin/sh nobody -c "$*"; }

modes() {
	[ "$(busybox stat -c %a /proc/tsoffset/stats)" = 444 ]
	[ "$(busybox stat -c %a /proc/tsoffset/last)" = 400 ]
	[ "$(busybox stat -c %a /proc/tsoffset/connects)" = 400 ]
	[ "$(busybox stat -c %a /proc/tsoffset/events)" = 400 ]
	[ "$(busybox stat -c %a /proc/tsoffset/filter)" = 600 ]
}

stats_for_everyone() {
	as_nobody cat "$STATS" | grep -q '^version 1$'
}

last_not_for_an_ordinary_user() {
	if as_nobody cat /proc/tsoffset/last; then return 1; fi
}

# Root of another user namespace has the file owner's ID mapped, but lacks the capability.
last_not_for_root_of_a_container() {
	if unshare --user --map-root-user cat /proc/tsoffset/last; then return 1; fi
	unshare --user --map-root-user cat "$STATS" | grep -q '^version 1$'
}

no_offset_and_no_pointer_in_stats() {
	workload connect --serve --connects 20
	cat "$STATS"
	# Names may contain long numbers, but values may not.
	if awk '{ print $2 }' "$STATS" | grep -E '0x|[0-9a-f]{8,}'; then return 1; fi
	if grep -E '0x|[0-9a-f]{12,}' "$STATS"; then return 1; fi
}

# An unprivileged read does not test the probes, because others would see that call. stats shows the result of the last
# privileged test.
only_root_runs_the_self_test() {
	kprobe_hook_only
	echo 0 > /sys/kernel/debug/kprobes/enabled
	as_nobody cat "$STATS" | grep -qx 'probe_armed 1'
	grep -qx 'probe_armed 1' /proc/net/tsoffset
	grep -qx 'probe_armed 0' "$STATS"
	as_nobody cat "$STATS" | grep -qx 'probe_armed 0'
	grep -qx 'probe_armed 0' /proc/net/tsoffset
	echo 1 > /sys/kernel/debug/kprobes/enabled
	as_nobody cat "$STATS" | grep -qx 'probe_armed 0'
	grep -qx 'probe_armed 1' "$STATS"
}

# The tracepoint shows addresses and offsets. The kernel's tracefs modes restrict it to root.
tracing_is_for_root() {
	event=/sys/kernel/tracing/events/tsoffset/connect
	grep -q offset "$event/format"
	as_nobody unshare --user --map-root-user true
	for file in "$event/format" "$event/id" /sys/kernel/tracing/trace; do
		if as_nobody cat "$file"; then return 1; fi
		if as_nobody unshare --user --map-root-user cat "$file"; then return 1; fi
	done
	if as_nobody "echo 1 > $event/enable"; then return 1; fi
	grep -qx 0 "$event/enable"
	# The control: root can enable the event.
	echo 1 > "$event/enable"
	grep -qx 1 "$event/enable"
	echo 0 > "$event/enable"
}

writing_is_refused() {
	if (echo 1 > "$STATS"); then return 1; fi
}

run_checks modes stats_for_everyone last_not_for_an_ordinary_user \
	last_not_for_root_of_a_container no_offset_and_no_pointer_in_stats \
	only_root_runs_the_self_test tracing_is_for_root writing_is_refused
