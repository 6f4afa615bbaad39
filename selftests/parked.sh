#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Calls that users keep inside tcp_v6_connect(): what they take from others.
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

NOLOAD=1

# park USER [CALLS [PORT]]: so many calls, 300 unless given, stay inside tcp_v6_connect(), by pages of a Fast Open that never come, until let_go.
# PARK_IN is a command that runs the calls in a namespace.
park() {
	# The server hands out cookies; without one the data are copied after the call.
	echo 3 > /proc/sys/net/ipv4/tcp_fastopen
	chmod 666 /dev/userfaultfd
	rm -f /tmp/hold
	mkfifo /tmp/hold
	su -s /bin/sh "$1" -c "${PARK_IN:-} tsoffset-workload park --calls ${2:-300} --port ${3:-7000}" < /tmp/hold > /tmp/parked 4>&- 5>&- &
	parking=$!
	exec 4> /tmp/hold
	wait_for 60 grep -q '^parked' /tmp/parked
}

let_go() {
	exec 4>&-
	wait "$parking"
	echo 1 > /proc/sys/net/ipv4/tcp_fastopen
	chmod 600 /dev/userfaultfd
}

# One user parks 300 calls, and another's connects get their verdict.
none_missed_beside_300() {
	load
	park nobody
	workload connect --serve --to '[::1]:7001' --connects 100
	expect connects_called=401 connects_missed=0 connects_capped=0 connects_in_flight=300 offset_match=101
	let_go
	all_matched 401
}

# Where the entry data is on the task's own stack, there is nothing that parked calls use up, whoever makes them.
none_missed_by_fprobe() {
	has_fprobe || exit "$KSFT_SKIP"
	insmod "$TSOFFSET_KO" hook=fprobe maxactive=1
	expect hook=fprobe
	park nobody
	exec 5>&4
	first=$parking
	park root 50 7002
	workload connect --serve --to '[::1]:7001' --connects 100
	expect connects_called=452 connects_missed=0 connects_capped=0 connects_in_flight=350 offset_match=102
	exec 5>&-
	wait "$first"
	let_go
	all_matched 452
}

# The control: two users together take all instances of a kretprobe.
all_missed_by_kprobe() {
	insmod "$TSOFFSET_KO" hook=kprobe maxactive=8
	expect hook=kprobe
	park nobody 50
	exec 5>&4
	first=$parking
	park root 50 7002
	before=$(stat offset_match)
	su -s /bin/sh daemon -c "tsoffset-workload connect --serve --to '[::1]:7001' --connects 100"
	[ "$(stat offset_match)" -eq "$before" ]
	[ "$(stat connects_missed)" -ge 100 ]
	exec 5>&-
	wait "$first"
	let_go
	expect connects_in_flight=0 ledger=balanced
}

# Of 256 instances one user gets half, and so nobody else's connect is missed.
one_user_takes_half() {
	kprobe_hook_only
	load_with maxactive=256
	park nobody
	held=$(stat connects_in_flight)
	capped=$(stat connects_capped)
	echo "$held of 256 are held"
	[ "$held" -ge 96 ] && [ "$held" -le 128 ] && [ $((held + capped)) -eq 300 ]
	workload connect --serve --to '[::1]:7001' --connects 100
	expect connects_called=401 connects_missed=0 connects_capped="$capped" connects_in_flight="$held" offset_match=101
	# The same user has no more in a user namespace of its own, as whoever.
	tsoffset-workload serve --listen "[::]:7003" > /dev/null &
	su -s /bin/sh nobody -c 'unshare --user --map-root-user tsoffset-workload connect --to "[::1]:7003" --threads 1 --connects 20'
	kill $!
	expect connects_called=421 connects_missed=0
	[ "$(stat connects_capped)" -gt "$capped" ]
	let_go
	expect connects_in_flight=0 ledger=balanced
	# What was held is given back.
	capped=$(stat connects_capped)
	su -s /bin/sh nobody -c 'tsoffset-workload connect --serve --threads 1 --connects 5'
	expect connects_capped="$capped"
}

# Root creates the containers of other people: each of them is one user, and not root.
a_container_of_root_takes_half() {
	kprobe_hook_only
	load_with maxactive=256
	PARK_IN='unshare --user --map-root-user' park root
	held=$(stat connects_in_flight)
	capped=$(stat connects_capped)
	echo "$held of 256 are held"
	[ "$held" -ge 96 ] && [ "$held" -le 128 ] && [ $((held + capped)) -eq 300 ]
	workload connect --serve --to '[::1]:7001' --connects 100
	expect connects_called=401 connects_missed=0 connects_capped="$capped" connects_in_flight="$held" offset_match=101
	# Another container.
	tsoffset-workload serve --listen "[::]:7003" > /dev/null &
	unshare --user --map-root-user tsoffset-workload connect --to "[::1]:7003" --threads 1 --connects 20
	kill $!
	expect connects_called=421 connects_missed=0 connects_capped="$capped"
	let_go
	expect connects_in_flight=0 ledger=balanced
}

# What disarms kprobes disarms neither what follows calls nor what counts them, so that each misses what the other does.
disarmed_kprobes_hide_nothing() {
	has_fprobe || exit "$KSFT_SKIP"
	insmod "$TSOFFSET_KO" hook=fprobe
	echo 0 > /sys/kernel/debug/kprobes/enabled
	workload connect --serve --connects 20 --threads 1
	expect probe_armed=1 connects_called=20 connects_missed=0 offset_match=20 ledger=balanced
	echo 1 > /sys/kernel/debug/kprobes/enabled
	all_matched 20
}

# With an fprobe of somebody else's on it, the kernel goes on to follow a function's calls from one load to the next.
keep_followed() {
	echo "f:tsoffset_keep $1%return" >> /sys/kernel/tracing/dynamic_events
	trap 'echo 0 > /sys/kernel/tracing/events/fprobes/tsoffset_keep/enable
		echo "-:tsoffset_keep" >> /sys/kernel/tracing/dynamic_events' EXIT
	echo 1 > /sys/kernel/tracing/events/fprobes/tsoffset_keep/enable
}

# Calls that began before a load are none of its own, even where its memory is that of the module before.
calls_from_before_are_not_counted() {
	[ "${TSOFFSET_HOOK:-kprobe}" = kprobe ] || keep_followed tcp_v6_connect
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		load
		park nobody 20
		expect connects_in_flight=20
		rmmod tsoffset
		load
		let_go
		expect connects_called=0 connects_entered=0 connects_returned=0 connects_in_flight=0 ledger=balanced
		rmmod tsoffset
	done
}

run_checks none_missed_beside_300 none_missed_by_fprobe all_missed_by_kprobe one_user_takes_half a_container_of_root_takes_half \
	disarmed_kprobes_hide_nothing calls_from_before_are_not_counted
