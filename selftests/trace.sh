#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The tracepoint, through tracefs and trace-cmd: it shows the same as connects, it has filters, and the module can be
# unloaded at any time.
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=selftests/lib-trace.sh
. "$(dirname "$0")/lib-trace.sh"

NOLOAD=1

# lines: counts the event's lines in the buffer.
lines() { columns < "$TRACING/trace" | wc -l; }

# connects N PORT: makes N connects to PORT.
connects() { workload connect --to "[::1]:$2" --threads 2 --connects "$1" > /dev/null; }

same_lines_as_connects() {
	load_traced
	all_kinds
	cp "$TRACING/trace" /tmp/trace
	has_all_kinds /tmp/trace
	same_as_recorded /tmp/trace
}

same_lines_in_trace_cmd() {
	load_with_tool trace-cmd
	all_kinds_under trace-cmd record -q -e tsoffset:connect -o /tmp/trace.dat
	trace-cmd report -i /tmp/trace.dat > /tmp/trace
	has_all_kinds /tmp/trace
	same_as_recorded /tmp/trace
}

disabled_prints_nothing() {
	load_traced
	serve env -- --listen '[::]:7000'
	connects 5 7000
	[ "$(lines)" -eq 5 ]
	echo 0 > "$EVENT/enable"
	connects 5 7000
	[ "$(lines)" -eq 5 ]
	echo 1 > "$EVENT/enable"
	connects 5 7000
	[ "$(lines)" -eq 10 ]
	expect connects_recorded=15 ledger=balanced
}

# passes FILTER N: expects N of five connects to port 7000, three to 7001 and those of "refused" to pass FILTER.
passes() {
	echo "$1" > "$EVENT/filter"
	echo > "$TRACING/trace"
	connects 5 7000
	connects 3 7001
	workload refused --times 1 > /dev/null
	echo "$1: $(lines)"
	[ "$(lines)" -eq "$2" ]
}

event_filter_applies() {
	load_traced
	serve env -- --listen '[::]:7000'
	serve env -- --listen '[::]:7001'
	passes 'dport == 7000' 5
	passes 'dport == 7001 || dport == 1' 4
	passes 'dport == 7000 && sport > 1023 && uid == 0 && verdict == 0' 5
	passes 'verdict == 5' 5
	passes 'error == -101' 2
	passes 'error < 0' 5
	passes 'flags & 8' 0
	passes 'comm == "tsoffset-worklo" && recorded == 1' 15
	if (echo 'port == 7000' > "$EVENT/filter") 2> /dev/null; then return 1; fi
	passes 0 15
}

# The event also shows connects that the filter of /proc excludes, and marks them.
filtered_connects_are_traced() {
	load_traced
	serve env -- --listen '[::]:7000'
	serve env -- --listen '[::]:7001'
	echo dport=7001 > /proc/tsoffset/filter
	for _ in 1 2 3; do
		connects 4 7000
		connects 2 7001
	done
	cp "$TRACING/trace" /tmp/trace
	expect connects_recorded=6 connects_filtered=12 ledger=balanced
	[ "$(grep -c ' recorded=0 .* dport=7000 ' /tmp/trace)" -eq 12 ]
	grep -v ' recorded=0 ' /tmp/trace > /tmp/trace-recorded
	same_as_recorded /tmp/trace-recorded
	# seq is the number of earlier recorded connects on the same CPU. The connect itself need not be recorded.
	sed -nE 's/.*\[([0-9]+)\].* seq=([0-9]+) recorded=([01]) .*/\1 \2 \3/p' /tmp/trace |
		awk '$2 != before[$1] + 0 { print "CPU " $1 ": seq " $2 " after " before[$1]; exit 1 } { before[$1] += $3 }'
}

connects_are_traced_without_records() {
	load_traced records=0
	workload connect --serve --threads 2 --connects 20
	settle
	[ "$(grep -c ' recorded=0 .* verdict=match ' "$TRACING/trace")" -eq 20 ]
	[ "$(lines)" -eq 20 ]
	expect connects_filtered=20 ledger=balanced
}

# The event writes every byte of its buffer, so it reveals no old bytes.
fields_have_no_gap() {
	load_traced
	awk -F '[\t;:]+' '/field:/ && $3 !~ / common_/ {
			if (at && $5 != at) { print "before" $3 ": " $5 " instead of " at; wrong = 1 }
			at = $5 + $7; fields++
		} END { exit wrong || fields != 23 }' "$EVENT/format"
}

as_many_lines_as_connects() {
	load_traced records=1024
	workload connect --serve --threads 8 --connects 1000
	settle
	cp "$TRACING/trace" /tmp/trace
	same_as_recorded /tmp/trace
	all_matched 1000
}

switched_under_load() {
	load_traced
	echo 0 > /tmp/switched
	(
		times=0
		while echo 0 > "$EVENT/enable" && echo 1 > "$EVENT/enable"; do
			times=$((times + 1))
			echo "$times" > /tmp/switched
		done 2> /dev/null
	) &
	switching=$!
	trap 'kill "$switching"' EXIT
	# The event is on only briefly, and seldom while eight threads leave little time to the switching process. The loop
	# ends when the buffer has lines.
	connects=0
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		workload connect --serve --threads 8 --connects 500 > /tmp/workload
		connects=$((connects + $(counted < /tmp/workload)))
		read -r times < /tmp/switched || continue
		[ "$(lines)" -eq 0 ] || [ "$times" -lt 3 ] || break
	done
	kill "$switching"
	wait "$switching" || :
	trap - EXIT
	echo "switched $times times during $connects connects: $(lines) lines"
	[ "$(lines)" -gt 0 ]
	[ "$times" -ge 3 ]
	all_matched "$connects"
}

# The kernel removes the event with the module and empties the buffers, so no buffer holds the module.
unloaded_while_enabled() {
	tracing
	instance=$TRACING/instances/tsoffset
	mkdir -p "$instance"
	workload connect --serve --threads 8 --connects 1000000000 --seconds 250 > /dev/null &
	connecting=$!
	cat "$TRACING/trace_pipe" > /tmp/pipe &
	reader=$!
	trap 'kill "$reader"' EXIT
	for _ in 1 2; do
		: > /tmp/pipe
		load_traced
		echo 'dport != 1' > "$EVENT/filter"
		echo 1 > "$instance/events/tsoffset/connect/enable"
		wait_for 10 grep -q verdict= /tmp/pipe
		exec 3< "$instance/trace" 4< "$EVENT/format"
		read -r _ <&3
		rmmod tsoffset
		[ ! -e "$EVENT" ]
		[ ! -e "$instance/events/tsoffset" ]
		# Open files stay readable as far as they have data.
		cat <&3 > /dev/null
		cat <&4 > /dev/null 2>&1 || :
		exec 3<&- 4<&-
		for buffer in "$TRACING/trace" "$instance/trace"; do
			if grep -e verdict= -e 'nknown type' "$buffer"; then return 1; fi
		done
	done
	rmdir "$instance"
	kill "$connecting"
	# After a reload, the event has its initial settings.
	load
	[ "$(cat "$EVENT/enable")" = 0 ] && [ "$(cat "$EVENT/filter")" = none ]
}

# The files' mode alone protects them. tracefs requires no capability.
needs_cap_net_admin() {
	load_traced
	[ "$(busybox stat -c %a "$TRACING")" = 700 ]
	if su -s /bin/sh nobody -c "cat $TRACING/trace" 2> /dev/null; then return 1; fi
}

run_checks same_lines_as_connects same_lines_in_trace_cmd disabled_prints_nothing event_filter_applies \
	filtered_connects_are_traced connects_are_traced_without_records fields_have_no_gap as_many_lines_as_connects switched_under_load \
	unloaded_while_enabled needs_cap_net_admin
