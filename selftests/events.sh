#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Connects as events: following, every way of waiting, several readers, and readers that fall behind.
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

NOLOAD=1
EVENTS=/proc/tsoffset/events

# follow NAME OPTIONS...: follows events in the background, into /tmp/NAME. Returns when the follower has opened the file.
follow() {
	name=$1
	shift
	: > "/tmp/$name.ready"
	(tsoffset-workload follow "$EVENTS" "$@" > "/tmp/$name" 2> "/tmp/$name.ready"
		echo "status $?" >> "/tmp/$name.ready") &
	wait_for 10 grep -q ready "/tmp/$name.ready"
}

# followed NAME LINES: expects the follower to succeed with LINES lines.
followed() {
	wait_for 20 grep -q status "/tmp/$1.ready" || :
	cat "/tmp/$1.ready"
	[ "$(wc -l < "/tmp/$1")" -eq "$2" ] && grep -qx 'status 0' "/tmp/$1.ready"
}

# connects N: makes N connects from two threads to their own listener.
connects() { workload connect --serve --threads 2 --connects "$1"; }

every_connect_is_an_event() {
	load
	follow all --lines 100
	connects 100
	followed all 100
	[ "$(grep -c '^{"v":1,"event":"connect",.*"destination":"::1","dport":7000,"error":0,.*"verdict":"match",.*}$' /tmp/all)" -eq 100 ]
	# No event comes twice.
	[ "$(sed 's/.*"cpu":\([0-9]*\),"seq":\([0-9]*\),.*/\1 \2/' /tmp/all | sort -u | wc -l)" -eq 100 ]
}

each_way_of_waiting() {
	load
	for how in read poll select epoll; do
		follow "$how" --lines 30 --how "$how"
	done
	connects 30
	for how in read poll select epoll; do
		followed "$how" 30
	done
	# All readers saw the same events.
	for how in poll select epoll; do
		sort "/tmp/$how" > /tmp/other
		sort /tmp/read | cmp - /tmp/other
	done
}

from_now_or_from_the_oldest() {
	load
	connects 20
	follow now --lines 5
	follow oldest --oldest --lines 25
	connects 5
	followed now 5
	followed oldest 25
	# Without new events, poll reports nothing.
	if timeout 1 tsoffset-workload follow "$EVENTS" --lines 1 --how poll --seconds 1 > /tmp/none 2>&1; then
		return 1
	fi
}

small_reads_give_the_same() {
	load
	connects 20
	follow large --oldest --lines 20
	follow small --oldest --lines 20 --size 1
	followed large 20
	followed small 20
	cmp /tmp/large /tmp/small
}

slow_reader_gets_a_lost_event() {
	load_with records=4
	cpus=$(online_cpus | wc -l)
	# The reader opens the file now, and reads after all connects.
	exec 3< "$EVENTS"
	connects 200
	# One CPU can make nearly all connects: the ring of another one is then not full.
	left=$(stat records_readable)
	[ "$left" -ge 4 ]
	[ "$left" -le $((4 * cpus)) ]
	head -n $((left + 1)) <&3 > /tmp/behind
	exec 3<&-
	head -n 1 /tmp/behind
	[ "$(head -n 1 /tmp/behind)" = "{\"v\":1,\"event\":\"lost\",\"count\":$((200 - left))}" ]
	[ "$(grep -c '"event":"connect"' /tmp/behind)" -eq "$left" ]
}

signal_ends_a_read() {
	load
	timeout -s INT 1 cat "$EVENTS" || [ $? -eq 124 ]
	[ "$(cat /sys/module/tsoffset/refcnt)" -eq 0 ]
}

open_file_holds_the_module() {
	load
	exec 3< "$EVENTS"
	[ "$(cat /sys/module/tsoffset/refcnt)" -eq 1 ]
	if message=$(rmmod tsoffset 2>&1); then return 1; fi
	echo "$message" | grep -q 'in use'
	exec 3<&-
	rmmod tsoffset
}

# Two processes share one open file. While one waits in a read, the other can still seek and be killed.
a_waiting_read_holds_no_lock() {
	load
	exec 3< "$EVENTS"
	cat <&3 > /tmp/waiting &
	waiting=$!
	wait_for 20 grep -q '^State:.*S' "/proc/$waiting/status"
	cat <&3 > /tmp/waiting2 &
	second=$!
	sleep 1
	grep '^State:.*S (sleeping)' "/proc/$second/status"
	kill -KILL "$second"
	wait_for 5 gone "$second"
	workload connect --serve --connects 10
	wait_for 20 lines_are 10 /tmp/waiting
	kill -KILL "$waiting"
	wait "$waiting" || :
	exec 3<&-
}

gone() { ! grep -q '^State:.*[RSD]' "/proc/$1/status" 2> /dev/null; }

lines_are() { [ "$(wc -l < "$2")" -eq "$1" ]; }

needs_cap_net_admin() {
	load
	[ "$(busybox stat -c %a "$EVENTS")" = 400 ]
	if su -s /bin/sh nobody -c "head -n 1 $EVENTS" 2> /dev/null; then return 1; fi
	if unshare --user --map-root-user head -n 1 "$EVENTS" 2> /dev/null; then return 1; fi
	[ "$(cat /sys/module/tsoffset/refcnt)" -eq 0 ]
}

# told READER: prints the sum of the connects that the reader received and of those reported as lost.
told() { awk -F '"event":"lost","count":' '/"event":"connect"/ { n++ } NF == 2 { n += $2 } END { print n + 0 }' "/tmp/load$1"; }

all_were_told() {
	for reader in 1 2 3 4 5 6 7 8; do
		[ "$(told "$reader")" -eq "$1" ] || return 1
	done
}

# eight_readers_under_load PARAMETER...: expects each reader to receive each connect or a report of its loss.
eight_readers_under_load() {
	load_with "$@"
	for reader in 1 2 3 4 5 6 7 8; do
		follow "load$reader" --lines 1000 --how poll
	done
	workload connect --serve --threads 8 --connects 1000
	wait_for 20 all_were_told 1000 || :
	# A reader that lost events waits for lines that never come.
	killall -q tsoffset-workload || :
	for reader in 1 2 3 4 5 6 7 8; do
		echo "reader $reader: $(wc -l < "/tmp/load$reader") lines, $(told "$reader") connects"
	done
	all_were_told 1000
	all_matched 1000
}

under_load() { eight_readers_under_load; }

slow_reader_under_load_gets_a_lost_event() {
	eight_readers_under_load records=4
	grep -q '"event":"lost"' /tmp/load[1-8]
}

run_checks every_connect_is_an_event each_way_of_waiting from_now_or_from_the_oldest \
	small_reads_give_the_same slow_reader_gets_a_lost_event signal_ends_a_read \
	open_file_holds_the_module a_waiting_read_holds_no_lock needs_cap_net_admin under_load \
	slow_reader_under_load_gets_a_lost_event
