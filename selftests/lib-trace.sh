# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the tests of the tracepoint share; sourced after lib.sh.

TRACING=/sys/kernel/tracing
EVENT=$TRACING/events/tsoffset/connect
# shellcheck disable=SC2034 # for those who source this
CONNECTS=/proc/tsoffset/connects

# Succeeds where the kernel has event tracing, with its files in place. Without it (CONFIG_EVENT_TRACING)
# there is nothing to test.
tracing() {
	grep -qw tracefs /proc/filesystems || return "$KSFT_SKIP"
	[ -e "$TRACING/trace" ] || mount -t tracefs tracefs "$TRACING"
	[ -d "$TRACING/events" ] || return "$KSFT_SKIP"
}

# load_with_tool PROGRAM: a fresh module, and that program to go with it.
load_with_tool() {
	command -v "$1" > /dev/null || return "$KSFT_SKIP"
	tracing
	load
}

# load_traced [PARAMETER=VALUE...]: a fresh module, an empty buffer and the event on.
load_traced() {
	tracing
	load_with "$@"
	echo > "$TRACING/trace"
	echo 1 > "$EVENT/enable"
}

# columns: lines of the event, as ftrace, trace-cmd and perf print them, in the form of those of connects:
# its columns between single blanks, then whether it was recorded.
columns() {
	sed -nE 's/^.*\[([0-9]+)\].* (tsoffset:)?connect: +(time=.*)$/cpu=\1 \3/p' | awk '{
		for (i = 1; i <= NF; i++) { at = index($i, "="); value[substr($i, 1, at - 1)] = substr($i, at + 1) }
		print value["time"], value["cpu"] + 0, value["seq"], value["pid"], value["tgid"], value["uid"],
			value["comm"], value["netns"], value["cookie"], value["source"], value["sport"],
			value["destination"], value["dport"], value["error"], value["offset"], value["expected"],
			value["verdict"], value["duration"], value["overlaps"], value["flags"], value["parent"], "recorded=" value["recorded"]
	}' | sort
}

# recorded: the lines of connects in that form.
recorded() { awk 'NR > 1 { $1 = $1; print $0, "recorded=1" }' "$CONNECTS" | sort; }

# same_as_recorded FILE: the event's lines in it are those of connects, all of them.
same_as_recorded() {
	columns < "$1" > /tmp/traced
	recorded > /tmp/recorded
	diff /tmp/recorded /tmp/traced
	[ "$(wc -l < /tmp/traced)" -eq "$(stat connects_recorded)" ]
}

# all_kinds: connects of every kind that can be had at will, 24 of them.
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

# all_kinds_under COMMAND...: the same while a program traces that is given what to run.
all_kinds_under() {
	# shellcheck disable=SC2016 # for the other shell
	TSOFFSET_SELFTESTS=$TSOFFSET_SELFTESTS "$@" bash -e -c \
		'. "$TSOFFSET_SELFTESTS/lib.sh"; . "$TSOFFSET_SELFTESTS/lib-trace.sh"; all_kinds'
}

# has_all_kinds FILE: it has lines of the event for each of them.
has_all_kinds() {
	for verdict in match failed repair zero; do
		grep -q " verdict=$verdict " "$1"
	done
	grep -q ' flags=repair ' "$1" && grep -q ' flags=v4mapped ' "$1" && grep -q ' uid=65534 ' "$1"
	[ "$(columns < "$1" | wc -l)" -eq 24 ]
}

held() { [ "$(cat /sys/module/tsoffset/refcnt)" -gt 0 ]; }

# held_while PID: the module cannot go while that program traces, and can when it has ended.
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
