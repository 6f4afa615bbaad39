# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Common functions of the selftests. A selftest is a list of checks. Each check is a function that succeeds or fails and
# prints its observations.
#
# In an emulated guest, a fork takes 15 to 20 ms and an exec 30 to 36 ms, and more beside other guests. So the shell itself
# does the work of every check or line, without other programs.

: "${TSOFFSET_SELFTESTS:=$(dirname "$0")}"
# shellcheck source=/dev/null
. "$TSOFFSET_SELFTESTS/../kselftest/ktap_helpers.sh"

: "${TSOFFSET_KO:=/lib/tsoffset/tsoffset.ko}"
# shellcheck disable=SC2034 # for those who source this
VARIANTS=$(dirname "$TSOFFSET_KO")
STATS=/proc/tsoffset/stats

# run_checks FUNCTION...: runs each check, prints its duration in seconds and its result. Loads a fresh module before each
# check unless NOLOAD is set, and unloads the module after the check.
run_checks() {
	# TSOFFSET_CHECKS selects checks. A selection without a match is a mistake, so it fails.
	chosen=''
	for check; do
		case " ${TSOFFSET_CHECKS:-$check} " in
		*" $check "*) chosen="$chosen $check" ;;
		esac
	done
	# shellcheck disable=SC2086 # a list of words
	set -- $chosen
	if [ $# -eq 0 ]; then
		echo "no check here is called '$TSOFFSET_CHECKS'"
		exit 1
	fi
	ktap_print_header
	ktap_set_plan $#
	# The runner kills a script at its time limit. Such a script leaves its module and workloads.
	clean_up
	for check; do
		begun=$(uptime)
		# A subshell within "if" would ignore set -e.
		(set -eo pipefail; run_check "$check")
		status=$?
		echo "$check took $(($(uptime) - begun)) s"
		case $status in
		0) ktap_test_pass "$check" ;;
		"$KSFT_SKIP") ktap_test_skip "$check" ;;
		*) ktap_test_fail "$check" ;;
		esac
		clean_up
	done
	ktap_finished
}

# uptime: prints the seconds since boot. SECONDS of bash follows the wall clock, which a check can set.
uptime() {
	local seconds
	read -r seconds _ < /proc/uptime
	echo "${seconds%.*}"
}

run_check() {
	[ -n "$NOLOAD" ] || load
	"$1"
}

clean_up() {
	for namespace in left right; do
		[ ! -e "/run/netns/$namespace" ] || ip netns delete "$namespace"
	done
	echo 1 > /proc/sys/net/ipv4/tcp_timestamps
	[ ! -e /proc/sys/net/ipv4/tcp_syncookies ] || echo 1 > /proc/sys/net/ipv4/tcp_syncookies
	echo 1 > /proc/sys/kernel/ftrace_enabled
	[ ! -e /sys/kernel/debug/kprobes/enabled ] || echo 1 > /sys/kernel/debug/kprobes/enabled
	stop_workloads
	[ ! -d /sys/module/tsoffset ] || rmmod tsoffset
	[ ! -d /sys/module/testhook ] || rmmod testhook
}

# TSOFFSET_HOOK sets the hook of every check that sets no hook itself.
load() { insmod "$TSOFFSET_KO" ${TSOFFSET_HOOK:+"hook=$TSOFFSET_HOOK"}; }

# load_with PARAMETER=VALUE...: loads the module with these parameters.
load_with() { insmod "$TSOFFSET_KO" ${TSOFFSET_HOOK:+"hook=$TSOFFSET_HOOK"} "$@"; }

# Succeeds if this kernel builds fprobes on the function graph tracer.
has_fprobe() {
	grep -qw fprobe_fgraph_entry /proc/kallsyms
}

# Skips a check about kretprobes, their instances or their disarming with any other hook.
kprobe_hook_only() {
	[ "${TSOFFSET_HOOK:-kprobe}" = kprobe ] || {
		echo "with hook=$TSOFFSET_HOOK there is no kretprobe"
		exit "$KSFT_SKIP"
	}
}

workload() { tsoffset-workload "$@"; }

# possible_cpus: prints the number of possible CPUs, which the kernel numbers from 0.
possible_cpus() {
	local range
	range=$(cat /sys/devices/system/cpu/possible)
	echo $((${range#*-} + 1))
}

# online_cpus: prints the number of each CPU that is online.
online_cpus() { awk '$1 == "processor" { print $3 }' /proc/cpuinfo; }

# on_each_cpu COMMAND...: runs a program on each CPU in turn.
on_each_cpu() {
	local cpu
	for cpu in $(online_cpus); do
		taskset -c "$cpu" "$@"
	done
}

# field NAME: prints the value of the line "NAME value" on standard input.
field() {
	local lines line
	mapfile -t lines
	for line in "${lines[@]}"; do
		[[ $line != "$1 "* ]] || echo "${line#* }"
	done
}

stat() { field "$1" < "$STATS"; }

# kernel_count ROW NAME: prints a counter of the kernel. Standard input is /proc/net/snmp or /proc/net/netstat, which have a row of
# names before each row of values.
kernel_count() {
	awk -v row="$1:" -v name="$2" '$1 != row { next }
		!column { for (column = 2; column <= NF && $column != name; column++); next }
		{ print $column }'
}

# compare NAME=VALUE...: compares the lines "NAME value" on standard input, all of one read.
compare() {
	local lines line name pair wrong=0
	local -A values
	mapfile -t lines
	for line in "${lines[@]}"; do
		values[${line%% *}]=${line#* }
	done
	for pair; do
		name=${pair%%=*}
		if [ "${values[$name]}" != "${pair#*=}" ]; then
			echo "$name is ${values[$name]} instead of ${pair#*=}"
			wrong=1
		fi
	done
	[ "$wrong" -eq 0 ] || printf '%s\n' "${lines[@]}"
	return "$wrong"
}

# expect NAME=VALUE...: compares lines of stats. Name connects_in_flight or connects_v4_in_flight where calls are parked.
# Otherwise the function waits for them in vain.
expect() {
	settle "$@"
	compare "$@" < "$STATS"
}

# wait_for SECONDS COMMAND...: repeats COMMAND until it succeeds. Fails after SECONDS.
wait_for() {
	tries=$(($1 * 20))
	shift
	until "$@"; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || return 1
		sleep 0.05
	done
}

# settle [NAME=VALUE...]: waits until as many connects are in flight as these lines say, or else until the ledger is not
# busy. Gives up without an error, because the caller reads the lines.
settle() {
	local pair
	for pair; do
		case $pair in
		connects_in_flight=[1-9]* | connects_v4_in_flight=[1-9]*)
			wait_for 5 line_is "${pair%%=*}" "${pair#*=}" || :
			return
			;;
		esac
	done
	wait_for 5 not_busy || :
}

# reached NAME COUNT: succeeds if that line of stats has at least COUNT.
reached() { [ "$(stat "$1")" -ge "$2" ]; }

# line_is NAME VALUE: succeeds if that line of stats has this value.
line_is() { [ "$(stat "$1")" = "$2" ]; }

not_busy() { [ "$(stat ledger)" != busy ]; }

# figure WHAT VALUE...: prints a measured figure for the table of scripts/checks/gauntlet.
figure() {
	what=$1
	shift
	echo "figure $what: $*"
}

# Reads every file of the module except events, which has no end.
read_files() {
	for file in /proc/tsoffset/* /proc/net/tsoffset; do
		[ "$file" = /proc/tsoffset/events ] || cat "$file"
	done > /dev/null
}

# all_matched N: expects N connects in stats, all with a matching offset. N comes from a counter outside the module.
all_matched() {
	expect version=1 probe_armed=1 connects_called="$1" connects_entered="$1" \
		connects_returned="$1" connects_missed=0 connects_in_flight=0 connects_failed=0 \
		offset_match="$1" offset_zero=0 offset_changed=0 offset_mismatch=0 offset_repair=0 \
		ledger=balanced
}

# counted: prints the number of connects in the workload's output on standard input.
counted() { field connects; }

# serve COMMAND-PREFIX... -- OPTIONS...: starts a listener in the background and waits until the listener is ready.
serve() {
	prefix=''
	while [ "$1" != -- ]; do
		prefix="$prefix $1"
		shift
	done
	shift
	ready=$(mktemp)
	# The subshell ends at once, so that no shell reports a killed job.
	# shellcheck disable=SC2086 # the prefix is a list of words
	($prefix tsoffset-workload serve "$@" > "$ready" &)
	wait_for 5 grep -q ready "$ready"
}

# hold N [USER]: as USER or root, holds N MPTCP connections from the namespace "left" to "right", which both allow one more
# subflow for each. Returns KSFT_SKIP without MPTCP.
hold() {
	local held namespace
	[ -e /proc/sys/net/mptcp/enabled ] || return "$KSFT_SKIP"
	for namespace in left right; do
		ip netns exec "$namespace" sysctl -q net.mptcp.enabled=1
		ip -n "$namespace" mptcp limits set subflows 1
	done
	serve ip netns exec right -- --listen '[::]:7000' --mptcp --to-the-end
	held=$(mktemp)
	(ip netns exec left su -s /bin/sh "${2-root}" -c "exec tsoffset-workload hold --to '[2001:db8::2]:7000' --connects $1" > "$held" &)
	wait_for 20 grep -q ready "$held"
}

# Makes each held connection and each later one try another subflow, from 2001:db8::3.
join() {
	# Without a preferred time, the address is no other connection's source.
	ip -n left address add 2001:db8::3/64 dev veth0 nodad preferred_lft 0
	ip -n left mptcp endpoint add 2001:db8::3 dev veth0 subflow
}

has_cgroups() { grep -qw cgroup2 /proc/filesystems; }

# make_cgroup: makes a cgroup of the default hierarchy, named by CGROUP. Skips the check on a kernel without cgroups.
CGROUP=/tmp/cgroup/selftest
make_cgroup() {
	has_cgroups || {
		echo "the kernel has no cgroups"
		exit "$KSFT_SKIP"
	}
	mkdir -p /tmp/cgroup
	[ -e /tmp/cgroup/cgroup.procs ] || mount -t cgroup2 cgroup2 /tmp/cgroup
	mkdir -p "$CGROUP"
}

# Kills all workloads and waits until their ports are free. A killed process with many sockets listens until all of them are
# closed. Until then, the next listener would find the address in use.
stop_workloads() {
	killall -q -9 tsoffset-workload || return 0
	wait_for 20 ports_are_free
}

# Succeeds if no socket listens on the workload's ports 7000 to 7007.
ports_are_free() { ! grep -q ':1B5[89A-F] [0-9A-F]*:0000 0A ' /proc/net/tcp6 /proc/net/tcp; }

# Makes two network namespaces, "left" and "right", with a veth pair between them and addresses.
two_namespaces() {
	ip netns add left
	ip netns add right
	ip link add veth0 netns left type veth peer name veth0 netns right
	ip -n left address add 2001:db8::1/64 dev veth0 nodad
	ip -n right address add 2001:db8::2/64 dev veth0 nodad
	ip -n left address add 192.0.2.1/24 dev veth0
	ip -n right address add 192.0.2.2/24 dev veth0
	for namespace in left right; do
		ip -n "$namespace" link set lo up
		ip netns exec "$namespace" sysctl -q net.ipv6.conf.veth0.accept_dad=0
		ip -n "$namespace" link set veth0 up
	done
}

# log_since_mark prints the module's log lines since mark_log, without the kernel's own messages about any out-of-tree or
# unsigned module.
mark_log() {
	MARK="tsoffset-selftest $$ $(cat /proc/uptime)"
	echo "$MARK" > /dev/kmsg
}

log_since_mark() {
	dmesg | sed "1,/$MARK/d; /taint[a-z]* kernel/d; /tsoffset: /!d; s/^\[[^]]*\] //"
}

# refuses ERROR PATTERN COMMAND...: expects COMMAND to fail with ERROR. The module must print exactly one log line, which
# matches PATTERN, and leave no files.
refuses() {
	error=$1
	pattern=$2
	shift 2
	mark_log
	if message=$("$@" 2>&1); then
		echo "was loaded"
		return 1
	fi
	echo "insmod: $message"
	log_since_mark
	echo "$message" | grep -q "$error" || return 1
	[ "$(log_since_mark | wc -l)" -eq 1 ] || return 1
	log_since_mark | grep -Eq "$pattern" || return 1
	[ ! -e /proc/tsoffset ] && [ ! -d /sys/module/tsoffset ]
}
