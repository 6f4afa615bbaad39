# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the tests share. A test is a list of checks; each is a function that succeeds or fails, and
# says on the way what it saw.
#
# Emulated, a process takes 15 to 20 ms to begin and a program 30 to 36 ms, more where other guests run: what is done
# for every check, or for every line, is done by the shell itself.

: "${TSOFFSET_SELFTESTS:=$(dirname "$0")}"
# shellcheck source=/dev/null
. "$TSOFFSET_SELFTESTS/../kselftest/ktap_helpers.sh"

: "${TSOFFSET_KO:=/lib/tsoffset/tsoffset.ko}"
# shellcheck disable=SC2034 # for those who source this
VARIANTS=$(dirname "$TSOFFSET_KO")
STATS=/proc/tsoffset/stats

# run_checks FUNCTION...: each as one result. The module is loaded before each, fresh, unless NOLOAD
# is set, and unloaded after it.
run_checks() {
	# TSOFFSET_CHECKS names some of them. None is a mistake, and no success.
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
	for check; do
		# Not within "if": there the shell would ignore set -e.
		(set -eo pipefail; run_check "$check")
		status=$?
		case $status in
		0) ktap_test_pass "$check" ;;
		"$KSFT_SKIP") ktap_test_skip "$check" ;;
		*) ktap_test_fail "$check" ;;
		esac
		clean_up
	done
	ktap_finished
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
	echo 1 > /proc/sys/kernel/ftrace_enabled
	[ ! -e /sys/kernel/debug/kprobes/enabled ] || echo 1 > /sys/kernel/debug/kprobes/enabled
	stop_workloads
	[ ! -d /sys/module/tsoffset ] || rmmod tsoffset
	[ ! -d /sys/module/testhook ] || rmmod testhook
}

# TSOFFSET_HOOK has every check run with that hook, unless the check names one itself.
load() { insmod "$TSOFFSET_KO" ${TSOFFSET_HOOK:+"hook=$TSOFFSET_HOOK"}; }

# load_with PARAMETER=VALUE...
load_with() { insmod "$TSOFFSET_KO" ${TSOFFSET_HOOK:+"hook=$TSOFFSET_HOOK"} "$@"; }

# Whether this kernel's fprobes are built on the function graph tracer.
has_fprobe() {
	grep -qw fprobe_fgraph_entry /proc/kallsyms
}

# For checks about a kretprobe, its instances and how it is disarmed.
kprobe_hook_only() {
	[ "${TSOFFSET_HOOK:-kprobe}" = kprobe ] || {
		echo "with hook=$TSOFFSET_HOOK there is no kretprobe"
		exit "$KSFT_SKIP"
	}
}

workload() { tsoffset-workload "$@"; }

# field NAME: the value of a line "NAME value" on standard input.
field() {
	local lines line
	mapfile -t lines
	for line in "${lines[@]}"; do
		[[ $line != "$1 "* ]] || echo "${line#* }"
	done
}

stat() { field "$1" < "$STATS"; }

# compare NAME=VALUE...: with lines "NAME value" on standard input, all read at once.
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

# expect NAME=VALUE...: compares lines of stats.
expect() {
	settle
	compare "$@" < "$STATS"
}

# wait_for SECONDS COMMAND...: until the command succeeds; fails if it has not by then.
wait_for() {
	tries=$(($1 * 20))
	shift
	until "$@"; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || return 1
		sleep 0.05
	done
}

# Waits until the books can be read: nothing in flight. Who reads them sees where they cannot.
settle() { wait_for 5 not_busy || :; }

# reached NAME COUNT: that line of stats is so far.
reached() { [ "$(stat "$1")" -ge "$2" ]; }

not_busy() { [ "$(stat ledger)" != busy ]; }

# figure WHAT VALUE...: something measured, which scripts/checks/gauntlet makes a table of.
figure() {
	what=$1
	shift
	echo "figure $what: $*"
}

# Reads every file of the module but events, which has no end.
read_files() {
	for file in /proc/tsoffset/* /proc/net/tsoffset; do
		[ "$file" = /proc/tsoffset/events ] || cat "$file"
	done > /dev/null
}

# all_matched N: N connects were called, by a count that is not the module's, and all are well.
all_matched() {
	expect version=1 probe_armed=1 connects_called="$1" connects_entered="$1" \
		connects_returned="$1" connects_missed=0 connects_in_flight=0 connects_failed=0 \
		offset_match="$1" offset_zero=0 offset_changed=0 offset_mismatch=0 offset_repair=0 \
		ledger=balanced
}

# counted: what the workload on standard input says it did.
counted() { field connects; }

# Starts a listener in the background and waits until it listens.
# serve COMMAND-PREFIX... -- OPTIONS...
serve() {
	prefix=''
	while [ "$1" != -- ]; do
		prefix="$prefix $1"
		shift
	done
	shift
	ready=$(mktemp)
	# In a shell of its own, which ends at once: nobody reports that it was killed.
	# shellcheck disable=SC2086 # the prefix is a list of words
	($prefix tsoffset-workload serve "$@" > "$ready" &)
	wait_for 5 grep -q ready "$ready"
}

# Ends who connects and who serves, and waits until their ports are free: who is killed with many sockets open still
# listens while they are closed, and whoever comes next would find the address in use.
stop_workloads() {
	killall -q -9 tsoffset-workload || return 0
	wait_for 20 ports_are_free
}

# Nobody listens on 7000 to 7007, where the workload does.
ports_are_free() { ! grep -q ':1B5[89A-F] [0-9A-F]*:0000 0A ' /proc/net/tcp6; }

# Two network namespaces, "left" and "right", with a veth pair between them and addresses.
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

# Log lines of the module since a mark; what the kernel says once about any module from outside its
# tree, or without its signature, is not the module's.
mark_log() {
	MARK="tsoffset-selftest $$ $(cat /proc/uptime)"
	echo "$MARK" > /dev/kmsg
}

log_since_mark() {
	dmesg | sed "1,/$MARK/d; /taint[a-z]* kernel/d; /tsoffset: /!d; s/^\[[^]]*\] //"
}

# refuses ERROR PATTERN COMMAND...: the command fails with that error, and the module leaves exactly
# one line in the log, which matches the pattern, and nothing of itself.
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
