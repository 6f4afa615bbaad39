# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Common functions of the tracepoint's selftests. A script sources this file after lib.sh.

TRACING=/sys/kernel/tracing
EVENT=$TRACING/events/tsoffset/connect
# shellcheck disable=SC2034 # for those who source this
CONNECTS=/proc/tsoffset/connects

# Succeeds if the kernel has event tracing, and mounts tracefs. Without CONFIG_EVENT_TRACING, the caller skips the check.
tracing() {
	grep -qw tracefs /proc/filesystems || return "$KSFT_SKIP"
	[ -e "$TRACING/trace" ] || mount -t tracefs tracefs "$TRACING"
	[ -d "$TRACING/events" ] || return "$KSFT_SKIP"
}

# load_with_tool PROGRAM: loads a fresh module. Skips the check without PROGRAM.
load_with_tool() {
	command -v "$1" > /dev/null || return "$KSFT_SKIP"
	tracing
	load
}

# load_traced [PARAMETER=VALUE...]: loads a fresh module, empties the buffer and enables the event.
load_traced() {
	tracing
	load_with "$@"
	echo > "$TRACING/trace"
	echo 1 > "$EVENT/enable"
}

# columns: converts the event's lines from ftrace, trace-cmd or perf to the columns of connects, between single blanks.
# "recorded=" follows the columns.
columns() {
	sed -nE 's/^.*\[([0-9]+)\].* (tsoffset:)?connect: +(time=.*)$/cpu=\1 \3/p' | awk '{
		for (i = 1; i <= NF; i++) { at = index($i, "="); value[substr($i, 1, at - 1)] = substr($i, at + 1) }
		print value["time"], value["cpu"] + 0, value["seq"], value["pid"], value["tgid"], value["uid"],
			value["comm"], value["netns"], value["cookie"], value["source"], value["sport"],
			value["destination"], value["dport"], value["error"], value["offset"], value["expected"],
			value["verdict"], value["duration"], value["overlaps"], value["flags"], value["parent"], value["realtime"], value["cgroup"],
			value["flags"] ~ /v4mapped/ ? "v4mapped" : value["flags"] ~ /v4/ ? "v4" : "v6", "recorded=" value["recorded"]
	}' | sort
}

# recorded: prints the lines of connects in that form.
recorded() { awk 'NR > 1 { $1 = $1; print $0, "recorded=1" }' "$CONNECTS" | sort; }

# same_as_recorded FILE: expects the event's lines in FILE to equal the lines of connects. connects must have every recorded
# connect.
same_as_recorded() {
	columns < "$1" > /tmp/traced
	recorded > /tmp/recorded
	diff /tmp/recorded /tmp/traced
	[ "$(wc -l < /tmp/traced)" -eq "$(stat connects_recorded)" ]
}

# all_kinds: makes 24 connects, of every kind that a test can cause directly.
all_kinds() {
	workload connect --serve --threads 2 --connects 8
	workload refused --times 1
	workload repair --connects 2
	serve env -- --listen '[::]:7001'
	workload connect --to '[::ffff:127.0.0.1]:7001' --threads 1 --connects 3
	sysctl -q net.ipv4.tcp_timestamps=0
	workload connect --to '[::1]:7001' --threads 1 --connects 2
	sysctl -q net.ipv4.tcp_timestamps=1
	su -s /bin/sh nobody -c 'tsoffset-workload connect --to "[::1]:7001" --threads 1 --connects 2'
	stop_workloads
	settle
}

# all_kinds_under COMMAND...: runs all_kinds under COMMAND, a program that traces the given command.
all_kinds_under() {
	# shellcheck disable=SC2016 # for the other shell
	TSOFFSET_SELFTESTS=$TSOFFSET_SELFTESTS "$@" bash -e -c \
		'. "$TSOFFSET_SELFTESTS/lib.sh"; . "$TSOFFSET_SELFTESTS/lib-trace.sh"; all_kinds'
}

# has_all_kinds FILE: expects FILE to have the event's lines of all_kinds.
has_all_kinds() {
	for verdict in match failed repair zero; do
		grep -q " verdict=$verdict " "$1"
	done
	grep -q ' flags=repair ' "$1"
	grep -q ' flags=v4mapped ' "$1"
	grep -q ' uid=65534 ' "$1"
	[ "$(columns < "$1" | wc -l)" -eq 24 ]
}

held() { [ "$(cat /sys/module/tsoffset/refcnt)" -gt 0 ]; }

# held_while PID: expects the process PID, which traces, to prevent unloading until it ends.
held_while() {
	# shellcheck disable=SC2064 # this one
	trap "kill -KILL $1" EXIT
	wait_for 30 held
	workload connect --serve --threads 1 --connects 3
	if message=$(rmmod tsoffset 2>&1); then return 1; fi
	echo "$message" | grep 'in use'
	kill -INT "$1"
	wait "$1" || :
	trap - EXIT
	rmmod tsoffset
}
