#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The filter that selects which connects are recorded.
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

NOLOAD=1
FILTER=/proc/tsoffset/filter

# connects N: makes N connects to this test's listener.
connects() { workload connect --to '[::1]:7000' --threads 2 --connects "$1"; }

# filtered RECORDED FILTERED: expects these counts and a balanced ledger.
filtered() { expect connects_recorded="$1" connects_filtered="$2" records_readable="$1" ledger=balanced; }

# refused TEXT PATTERN: expects EINVAL for TEXT, one log line that matches PATTERN, and an unchanged filter.
refused() {
	before=$(cat "$FILTER")
	mark_log
	if message=$( (printf '%s' "$1" > "$FILTER") 2>&1); then return 1; fi
	echo "$message" | grep -q 'Invalid argument'
	log_since_mark
	[ "$(log_since_mark | wc -l)" -eq 1 ]
	log_since_mark | grep -q "$2"
	[ "$(cat "$FILTER")" = "$before" ]
}

no_filter_records_all() {
	load
	serve env -- --listen '[::]:7000'
	[ "$(cat "$FILTER")" = clear ]
	connects 10
	filtered 10 0
}

by_port_and_back() {
	load
	serve env -- --listen '[::]:7000'
	echo 'dport=7001' > "$FILTER"
	connects 10
	filtered 0 10
	echo 'dport=!7001' > "$FILTER"
	connects 10
	filtered 10 10
	echo clear > "$FILTER"
	connects 10
	filtered 20 10
}

by_each_key() {
	load
	serve env -- --listen '[::]:7000'
	netns=$(readlink /proc/self/ns/net | tr -dc 0-9)
	recorded=0
	for word in uid=0 uid=!65534 "netns=$netns" daddr=::1 daddr=::/16 saddr=!2001:db8::/32 dport=80,7000 \
		verdict=match,zero errno=0 pid=!1 tgid=!1 'sport=!1 daddr=::1 uid=0'; do
		echo "$word" > "$FILTER"
		connects 2
		recorded=$((recorded + 2))
		filtered "$recorded" 0
	done
	for word in uid=65534 "netns=!$netns" daddr=127.0.0.0/8 saddr=2001:db8::/32 verdict=!match errno=111 pid=1; do
		echo "$word" > "$FILTER"
		connects 2
	done
	filtered "$recorded" 14
}

reads_as_written() {
	load
	echo '  daddr=10.0.0.0/8,::1   verdict=!match ' > "$FILTER"
	[ "$(cat "$FILTER")" = 'daddr=::ffff:10.0.0.0/104,::1/128 verdict=!match' ]
	# The file's own text is a valid filter.
	cat "$FILTER" > /tmp/filter
	echo clear > "$FILTER"
	cat /tmp/filter > "$FILTER"
	cmp /tmp/filter "$FILTER"
}

invalid_filter_changes_nothing() {
	load
	echo 'dport=443' > "$FILTER"
	refused 'dport=https' 'filter: at byte 6: not a value of this key'
	refused 'uid=1 colour=red' 'filter: at byte 6: unknown key'
	refused 'clear uid=1' 'filter: at byte 6: nothing may follow clear'
	refused ' ' 'filter: at byte 0: nothing in it'
	[ "$(cat "$FILTER")" = dport=443 ]
	# More than a page, and bytes that are not text.
	mark_log
	if dd if=/dev/zero of="$FILTER" bs=5000 count=1 2> /dev/null; then return 1; fi
	log_since_mark | grep -q 'filter: 5000 bytes at once are too many'
	[ "$(log_since_mark | wc -l)" -eq 1 ]
	if head -c 100 /dev/urandom > "$FILTER"; then return 1; fi
	[ "$(cat "$FILTER")" = dport=443 ]
}

changed_under_load() {
	load
	serve env -- --listen '[::]:7000'
	(while echo uid=0 > "$FILTER" && echo dport=1 > "$FILTER" && echo clear > "$FILTER"; do
		cat "$FILTER" > /dev/null
	done 2> /dev/null) &
	changing=$!
	workload connect --to '[::1]:7000' --threads 8 --connects 2000
	kill "$changing"
	wait "$changing" || :
	expect connects_called=2000 offset_match=2000 ledger=balanced
	stats=$(cat "$STATS")
	recorded=$(echo "$stats" | field connects_recorded)
	filtered=$(echo "$stats" | field connects_filtered)
	echo "$recorded recorded, $filtered filtered"
	[ $((recorded + filtered)) -eq 2000 ] && [ "$recorded" -gt 0 ] && [ "$filtered" -gt 0 ]
}

needs_cap_net_admin() {
	load
	[ "$(busybox stat -c %a "$FILTER")" = 600 ]
	if su -s /bin/sh nobody -c "cat $FILTER" 2> /dev/null; then return 1; fi
	if su -s /bin/sh nobody -c "echo clear > $FILTER" 2> /dev/null; then return 1; fi
	if unshare --user --map-root-user sh -c "echo clear > $FILTER" 2> /dev/null; then return 1; fi
}

run_checks no_filter_records_all by_port_and_back by_each_key reads_as_written \
	invalid_filter_changes_nothing changed_under_load needs_cap_net_admin
