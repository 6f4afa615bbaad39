# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the candidates share. Each is a program that takes "attach", which returns when it is attached, or "detach",
# which prints how many calls it saw, or - where its job is not to count. Its line "# job:" says what it does. Sourced,
# in the guest.
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
modules=$here/../modules
state=/tmp/candidate
tracing=/sys/kernel/tracing

# eventually SECONDS COMMAND...: until it succeeds.
eventually() {
	local tries=$(($1 * 20))
	shift
	until "$@"; do
		((tries-- > 0)) || { echo "not within time: $*" >&2; return 1; }
		sleep 0.05
	done
}

# module attach|detach NAME symbol=FUNCTION: one that does not count; the kernel has to list its probe.
module() {
	case $1 in
	attach)
		insmod "$modules/$2.ko" "$3"
		[[ -e /sys/kernel/debug/kprobes/list ]] || mount -t debugfs debugfs /sys/kernel/debug
		grep -q "${3#symbol=}" /sys/kernel/debug/kprobes/list
		;;
	detach)
		rmmod "$2"
		echo -
		;;
	esac
}

# tsoffset COUNTER attach|detach [PARAMETER...]
tsoffset() {
	local counter=$1 action=$2
	shift 2
	case $action in
	attach) insmod /lib/tsoffset/tsoffset.ko "$@" ;;
	detach)
		awk -v counter="$counter" '$1 == counter { print $2 }' /proc/tsoffset/stats
		rmmod tsoffset
		;;
	esac
}

# tsoffset_unseen COUNTER attach|detach [PARAMETER...]: the same where it has to count none of the calls.
tsoffset_unseen() {
	local seen
	seen=$(tsoffset "$@")
	[[ $2 == attach ]] || { [[ $seen -eq 0 ]] && echo -; }
}

# background COMMAND...: runs it until detach, and returns when something is attached to the function.
background() {
	setsid "$@" > $state.out 2>&1 < /dev/null &
	echo $! > $state.pid
	[[ -d $tracing/events ]] || mount -t tracefs tracefs $tracing
	eventually 120 is_attached || { cat $state.out >&2; return 1; }
	# It may attach to more than this.
	sleep 1
}

is_attached() { grep -q '^tcp_v6_connect ' $tracing/enabled_functions; }

# interrupt [SIGNAL]: ends what runs in the background, as Ctrl-C would where it has a handler for that.
# shellcheck disable=SC2120 # a candidate has one
interrupt() {
	local pid
	pid=$(< $state.pid)
	kill -"${1-INT}" "$pid"
	eventually 60 not_running "$pid"
}

not_running() { ! kill -0 "$1" 2> /dev/null; }

# bpftrace_counts attach|detach PROGRAM: of which the map @ counts.
bpftrace_counts() {
	case $1 in
	attach) background bpftrace -e "$2" ;;
	detach)
		interrupt
		awk -F ': ' '/^@(\[.*\])?: / { n += $2 } END { print n + 0 }' $state.out
		;;
	esac
}

# lines attach|detach PATTERN COMMAND...: prints a line for each call, of which the pattern matches.
lines() {
	local action=$1 pattern=$2
	shift 2
	case $action in
	attach) background "$@" ;;
	detach)
		# What is on its way arrives.
		sleep 1
		interrupt
		grep -cE "$pattern" $state.out
		;;
	esac
}

# trace_events attach|detach FILE DEFINITION...: dynamic events of ftrace in the group "bench"; "returned" is hit once a call.
trace_events() {
	local action=$1 file=$tracing/$2 definition
	shift 2
	case $action in
	attach)
		[[ -d $tracing/events ]] || mount -t tracefs tracefs $tracing
		echo 8192 > $tracing/buffer_size_kb
		echo > $tracing/trace
		for definition; do
			echo "$definition" >> "$file"
		done
		echo 1 > $tracing/events/bench/enable
		;;
	detach)
		echo 0 > $tracing/events/bench/enable
		awk '/ returned: / { n++ } END { print n + 0 }' $tracing/trace
		echo > "$file"
		;;
	esac
}
