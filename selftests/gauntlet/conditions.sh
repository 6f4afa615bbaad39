#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Tasks, CPUs and namespaces that end or disappear while connects are in flight.
TSOFFSET_SELFTESTS=$(dirname "$0")/../tsoffset
# shellcheck source=selftests/lib.sh
. "$TSOFFSET_SELFTESTS/lib.sh"

NOLOAD=1
CPU=/sys/devices/system/cpu/cpu1/online

# Prints the number of the module's references.
references() { awk '$1 == "tsoffset" { print $3 }' /proc/modules; }

not_probeable_is_refused() {
	refuses 'Invalid parameters' 'cannot probe get_kprobe: EINVAL' insmod "$VARIANTS/tsoffset-no-probe.ko"
}

a_cpu_goes_and_comes() {
	load_with witness=1 outcomes=1000
	(while [ ! -e /tmp/stop ]; do
		echo 0 > "$CPU"
		echo 1 > "$CPU"
		echo >> /tmp/cycles
	done) &
	connects=$(workload connect --serve --threads 8 --connects 100000 --seconds 15 | counted)
	touch /tmp/stop
	wait $!
	figure "CPU 1 off and on" "$(wc -l < /tmp/cycles) times during $connects connects, all counted"
	[ "$(wc -l < /tmp/cycles)" -ge 5 ]
	rm /tmp/stop /tmp/cycles
	all_matched "$connects"
	# The sums include an offline CPU's counters.
	echo 0 > "$CPU"
	all_matched "$connects"
	echo 1 > "$CPU"
	rmmod tsoffset
}

# parked N FOLLOWED: parks N calls inside tcp_v6_connect() until "release". Expects the module to follow FOLLOWED of them.
parked() {
	sysctl -q net.ipv4.tcp_fastopen=3
	[ -p /tmp/hold ] || mkfifo /tmp/hold
	# The file is emptied here, because the previous workload's output would end the wait at once.
	: > /tmp/parked
	tsoffset-workload park --calls "$1" < /tmp/hold > /tmp/parked &
	parking=$!
	exec 4> /tmp/hold
	wait_for 30 grep -q parked /tmp/parked
	[ "$(stat connects_in_flight)" -eq "$2" ]
}

release() {
	exec 4>&-
	wait "$parking"
}

tasks_in_there_use_up_half_of_maxactive() {
	load_with maxactive=8
	parked 10 4
	# The first connect fetched the Fast Open cookie.
	expect connects_called=11 connects_entered=5 connects_missed=0 connects_capped=6 connects_in_flight=4
	# The module follows no further call of the same user.
	workload connect --serve --to '[::1]:7001' --connects 10
	expect connects_called=21 connects_entered=5 connects_missed=0 connects_capped=16 connects_in_flight=4
	release
	expect connects_called=21 connects_entered=5 connects_returned=5 connects_capped=16 connects_in_flight=0 \
		offset_match=5 ledger=balanced
}

unloaded_around_parked_tasks() {
	load
	parked 8 8
	[ "$(references)" -eq 0 ]
	rmmod tsoffset
	load
	release
	# The first module's callbacks were gone, so no module saw these returns.
	all_matched 0
}

killed_in_there() {
	load
	for _ in 1 2 3 4 5; do
		parked 8 8
		exec 4>&-
		kill -9 "$parking"
		wait "$parking" || :
	done
	wait_for 10 not_busy
	expect connects_called=45 connects_missed=0 connects_entered=45 connects_returned=45 connects_in_flight=0 \
		offset_mismatch=0 ledger=balanced
	rmmod tsoffset
}

# Open files hold the module, even if their readers are stopped.
stopped_readers() {
	load
	workload connect --serve --connects 20
	exec 5< "$STATS" 6< /proc/tsoffset/connects 7< /proc/net/tsoffset
	read -r _ <&5
	read -r _ <&6
	cat < /proc/tsoffset/events > /dev/null &
	sleep 1
	kill -STOP $!
	[ "$(references)" -eq 4 ]
	for _ in 1 2 3; do
		if rmmod tsoffset; then return 1; fi
		all_matched 20
	done
	kill -KILL $!
	wait $! || :
	[ "$(references)" -eq 3 ]
	exec 5<&- 6<&- 7<&-
	[ "$(references)" -eq 0 ]
	rmmod tsoffset
	load
	all_matched 0
}

# Only the connecting sockets hold the namespace when it is deleted.
a_namespace_dies_with_connects_in_flight() {
	load_with outcomes=1000
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		ip netns add left
		ip -n left link set lo up
		ip netns exec left tsoffset-workload connect --serve --threads 8 --connects 100000 > /dev/null &
		connecting=$!
		sleep 0.5
		ip netns delete left
		kill -9 "$connecting"
		wait "$connecting" || :
	done
	wait_for 20 not_busy
	figure "namespaces that went while in use" "10, with $(stat connects_called) connects, all counted"
	[ "$(stat connects_called)" -gt 20 ]
	expect connects_missed=0 connects_in_flight=0 offset_mismatch=0 offset_rewritten=0 ledger=balanced
	[ "$(stat connects_called)" -eq "$(stat connects_returned)" ]
	rmmod tsoffset
}

# A backtrace that prints a function with a name longer than the kernel's limit crashes the kernel (src/names.mk). With such
# names in the module, 250 backtraces crash 7.3-debug.
readers_have_backtraces() {
	load_with witness=1 outcomes=1000
	workload connect --serve --connects 200
	readers=()
	for _ in 1 2; do
		(while [ ! -e /tmp/stop ]; do read_files; done) &
		readers+=($!)
	done
	traces=0 frames=0
	# Takes 400 backtraces, and more until one shows a reader in the module. The kernel thread that prints them takes a
	# CPU, too.
	while [ "$traces" -lt 400 ] || { [ "$frames" -eq 0 ] && [ "$traces" -lt 4000 ]; }; do
		echo l > /proc/sysrq-trigger
		traces=$((traces + 1))
		if [ $((traces % 10)) -eq 0 ]; then
			# Counts the frames that are printed so far.
			sleep 0.5
			frames=$(dmesg | grep -c '+0x.* \[tsoffset\]' || :)
		fi
	done
	# Both readers still run.
	for reader in "${readers[@]}"; do
		kill -0 "$reader"
	done
	touch /tmp/stop
	wait
	rm /tmp/stop
	# The log keeps only the last backtraces.
	figure "backtraces of all CPUs while all files are read" "$traces; the kernel's log still has $frames functions of the module's"
	[ "$frames" -gt 0 ]
	all_matched 200
	rmmod tsoffset
}

# A module that leaks a probe: its code must stay, because the kernel still calls the probe. This check is the last one,
# because unloading that module never ends.
a_leak_keeps_the_code() {
	mark_log
	insmod "$VARIANTS/tsoffset-leak.ko"
	# rmmod never ends, and must not keep the check's output open.
	rmmod tsoffset > /dev/null 2>&1 &
	wait_for 20 sh -c 'dmesg | grep -q "registrations were leaked"'
	[ ! -e /proc/tsoffset ]
	grep '^tsoffset .* Unloading ' /proc/modules
	# The kernel calls the leaked probe, and namespaces are made and deleted.
	workload connect --serve --threads 4 --connects 2000
	unshare --net true
	grep '^tsoffset .* Unloading ' /proc/modules
	figure "a probe that is leaked" "the module's code stays, with one line in the log"
}

run_checks not_probeable_is_refused a_cpu_goes_and_comes tasks_in_there_use_up_half_of_maxactive \
	unloaded_around_parked_tasks killed_in_there stopped_readers a_namespace_dies_with_connects_in_flight readers_have_backtraces \
	a_leak_keeps_the_code
