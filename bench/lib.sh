# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Functions that the candidates share. A candidate is a program with the commands "attach" and "detach". "attach" returns when
# the candidate is attached. "detach" prints the number of calls that the candidate saw, or - if it does not count. The line
# "# job:" of a candidate describes its job. The line "# work:" of a candidate for connect() names its kind of work, one of
# WORK in report.py. A candidate sources this file in the guest.
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
modules=$here/../modules
state=/tmp/candidate
tracing=/sys/kernel/tracing

# eventually SECONDS COMMAND...: repeats COMMAND until it succeeds. Fails after SECONDS.
eventually() {
	local tries=$(($1 * 20))
	shift
	until "$@"; do
		((tries-- > 0)) || { echo "not within time: $*" >&2; return 1; }
		sleep 0.05
	done
}

# module attach|detach NAME symbol=FUNCTION: loads or unloads a module that does not count. The kernel must list its probe.
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

# tsoffset COUNTER attach|detach [PARAMETER...]: loads or unloads tsoffset, or the module in $file. "detach" prints the line
# COUNTER of stats.
tsoffset() {
	local counter=$1 action=$2
	shift 2
	case $action in
	attach) insmod "${file:-/lib/tsoffset/tsoffset.ko}" "$@" ;;
	detach)
		awk -v counter="$counter" '$1 == counter { print $2 }' /proc/tsoffset/stats
		rmmod tsoffset
		;;
	esac
}

# tsoffset_unseen COUNTER attach|detach [PARAMETER...]: loads or unloads tsoffset, and expects COUNTER to be 0.
tsoffset_unseen() {
	local seen
	seen=$(tsoffset "$@")
	[[ $2 == attach ]] || { [[ $seen -eq 0 ]] && echo -; }
}

# background COMMAND...: starts COMMAND, which runs until "detach". Returns when a probe is attached to tcp_v6_connect().
background() {
	setsid "$@" > $state.out 2>&1 < /dev/null &
	echo $! > $state.pid
	[[ -d $tracing/events ]] || mount -t tracefs tracefs $tracing
	eventually 120 is_attached || { cat $state.out >&2; return 1; }
	# COMMAND can attach to other functions after this one.
	sleep 1
}

is_attached() { grep -q '^tcp_v6_connect ' $tracing/enabled_functions; }

# interrupt [SIGNAL]: ends the command in the background, by default with SIGINT, like Ctrl-C.
# shellcheck disable=SC2120 # a candidate passes SIGNAL
interrupt() {
	local pid
	pid=$(< $state.pid)
	kill -"${1-INT}" "$pid"
	eventually 60 not_running "$pid"
}

not_running() { ! kill -0 "$1" 2> /dev/null; }

# bpftrace_counts attach|detach PROGRAM: runs a bpftrace program whose map @ counts calls.
bpftrace_counts() {
	case $1 in
	attach) background bpftrace -e "$2" ;;
	detach)
		interrupt
		awk -F ': ' '/^@(\[.*\])?: / { n += $2 } END { print n + 0 }' $state.out
		;;
	esac
}

# bpf attach|detach OBJECT: attaches or detaches the programs of a BPF object. "detach" checks the counts and the records.
bpf() {
	grep -q "^bpf /sys/fs/bpf " /proc/mounts || mount -t bpf bpf /sys/fs/bpf
	"$here/../bpf/loader" "$1" "$here/../bpf/$2.o"
}

# bpftrace_records attach|detach PROGRAM: runs a bpftrace program with the map @calls of counts, and the maps @task and @ends of
# records. "detach" expects as many records as calls, up to 256, each with the task, a cgroup, no cookie, and the ends of the bench's
# connects.
bpftrace_records() {
	case $1 in
	attach) background bpftrace -e "$2" ;;
	detach)
		interrupt
		awk -F ': ' '/^@calls\[/ { calls += $2 }
			/^@task\[.*, 0, tsoffset-worklo, [1-9][0-9]*\)$/ { tasks++ }
			/^@ends\[[0-9]+, [0-9]+\]: \([1-9][0-9]*, 0, \[0(,0){14},1\], [1-9][0-9]*, \[0(,0){14},1\], 7000, [1-9][0-9]*, 0, (0|false), [0-9]+, (0|false), 0, 0\)$/ { ends++ }
			END { kept = calls < 256 ? calls : 256
				if (tasks == kept && ends == kept) print calls + 0
				else print calls + 0 " calls, " tasks + 0 " tasks and " ends + 0 " ends" }' $state.out
		;;
	esac
}

# lines attach|detach PATTERN COMMAND...: runs COMMAND, which prints a line that matches PATTERN for each call. "detach" counts
# these lines.
lines() {
	local action=$1 pattern=$2
	shift 2
	case $action in
	attach) background "$@" ;;
	detach)
		# Wait for lines in buffers.
		sleep 1
		interrupt
		grep -cE "$pattern" $state.out
		;;
	esac
}

# trace_events attach|detach FILE DEFINITION...: adds or removes dynamic events of ftrace in the group "bench". Each call hits
# the event "returned" once.
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
