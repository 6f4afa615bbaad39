#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Offsets at the close of a socket: kept, rewritten, or chosen by a user or a program.
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=selftests/lib-events.sh
. "$(dirname "$0")/lib-events.sh"

NOLOAD=1

# accepted: prints the number of accepted connections since boot that the kernel counts in this namespace.
accepted() { kernel_count Tcp PassiveOpens < /proc/net/snmp; }

rewritten_offsets_are_found() {
	insmod "$VARIANTS/testhook.ko" rewrite=1
	load_with outcomes=64
	listen
	workload connect --serve --threads 2 --connects 20 --priority 0x7e58
	workload connect --serve --threads 2 --connects 10
	wait_for 5 reached offset_rewritten 20 || :
	heard
	expect offset_match=30 offset_rewritten=20 offset_mismatch=0
	grep '"event":"rewritten"' /tmp/events > /tmp/rewritten
	[ "$(wc -l < /tmp/rewritten)" -eq 20 ]
	# "expected" is the offset from the connect, and "offset" is another one.
	awk 'function number(key) { match($0, "\"" key "\":[0-9]+"); return substr($0, RSTART + length(key) + 3, RLENGTH - length(key) - 3) }
		/"event":"connect"/ { offset[number("cookie")] = number("offset") }
		/"event":"rewritten"/ && (number("expected") != offset[number("cookie")] || number("offset") == number("expected")) { exit 1 }' \
		/tmp/events
}

offsets_set_by_a_user_are_not_judged() {
	load_with outcomes=64
	workload repair --connects 5
	wait_for 5 reached offset_unjudged 5
	expect offset_repair=5 offset_unjudged=5 offset_rewritten=0 outcomes_begun=0
}

# The socket keeps the offset of its first connect. No user set this offset, and it is not the hash of the second connect's
# addresses.
reconnects_in_repair_are_not_judged() {
	load_with outcomes=64
	serve env -- --listen '[::]:7000'
	workload repair --again --connects 5
	wait_for 5 reached offset_unjudged 5
	expect offset_repair=5 offset_match=5 offset_unjudged=5 offset_rewritten=0 outcomes_pending=0
}

# Offsets that are set in one namespace do not stop the judging of sockets in another.
repair_elsewhere_hides_nothing() {
	insmod "$VARIANTS/testhook.ko" rewrite=1
	load_with outcomes=64
	ip netns add left
	ip netns exec left tsoffset-workload repair --only-set --connects 16000
	workload connect --serve --threads 2 --connects 20 --priority 0x7e58
	expect offset_rewritten=20 offset_unjudged=0
}

# The code that makes a request socket can choose its offset, as BPF programs that check SYN cookies do. testhook chooses
# the offset of sockets with this mark.
offsets_chosen_before_accept_are_not_judged() {
	insmod "$VARIANTS/testhook.ko" choose=1
	load_with outcomes=64
	serve env -- --listen '[::]:7000' --mark 0x7e59
	listen
	workload connect --threads 4 --connects 40
	workload connect --threads 4 --connects 10 --to '[::ffff:127.0.0.1]:7000'
	wait_for 5 reached offset_unjudged 50 || :
	heard
	# The clients' sockets have the kernel's offset.
	expect accepted_other_offset=50 offset_unjudged=50 offset_kept=50 offset_rewritten=0 offset_match=50
	if grep '"event":"rewritten"' /tmp/events; then return 1; fi
}

# Every kind of accepted socket, including v4-mapped ones, has the hash's offset from the kernel.
accepted_sockets_have_the_hash() {
	local before kept made
	load_with outcomes=1024
	before=$(accepted)
	sysctl -q net.ipv4.tcp_fastopen=3
	workload connect --serve --kind fastopen --threads 2 --connects 20
	sysctl -q net.ipv4.tcp_fastopen=1
	made=20
	if [ -e /proc/sys/net/mptcp/enabled ]; then
		sysctl -q net.mptcp.enabled=1
		workload connect --serve --kind mptcp --threads 2 --connects 20
		made=40
	fi
	# The kernel always sends SYN cookies, if it supports them.
	cookies=/proc/sys/net/ipv4/tcp_syncookies
	[ ! -e $cookies ] || echo 2 > $cookies
	workload connect --serve --threads 2 --connects 20
	workload connect --serve --threads 2 --connects 20 --to '[::ffff:127.0.0.1]:7001'
	[ ! -e $cookies ] || echo 1 > $cookies
	made=$((made + 40))
	kept=$((made + $(accepted) - before))
	wait_for 5 reached offset_kept "$kept" || :
	expect outcome_established="$made" offset_kept="$kept" accepted_other_offset=0 offset_rewritten=0 offset_unjudged=0
}

# Succeeds if no socket of an earlier check is left that the module could see closed.
none_is_open() { [ -z "$(awk 'NR > 1 && $4 != "0A" && $4 != "06"' /proc/net/tcp6)" ]; }

offsets_rewritten_after_accept_are_found() {
	wait_for 10 none_is_open
	insmod "$VARIANTS/testhook.ko" rewrite=1
	load_with outcomes=64
	serve env -- --listen '[::]:7000' --priority 0x7e58
	workload connect --threads 4 --connects 20 --until-reset
	wait_for 5 reached offset_rewritten 20 || :
	wait_for 5 reached offset_kept 20 || :
	expect offset_rewritten=20 offset_kept=20 accepted_other_offset=0 offset_unjudged=0
}

# Offsets that are rewritten after they were chosen are reported, too.
chosen_offsets_that_are_rewritten_are_found() {
	wait_for 10 none_is_open
	insmod "$VARIANTS/testhook.ko" choose=1 rewrite=1
	load_with outcomes=64
	serve env -- --listen '[::]:7000' --mark 0x7e59 --priority 0x7e58
	listen
	workload connect --threads 4 --connects 20 --until-reset
	wait_for 5 reached offset_rewritten 20 || :
	wait_for 5 reached offset_kept 20 || :
	heard
	expect accepted_other_offset=20 offset_rewritten=20 offset_kept=20 offset_unjudged=0
	# Each event has the chosen offset as "expected".
	[ "$(grep -c '"event":"rewritten"' /tmp/events)" -eq 20 ]
}

# The table has one set of four slots for simultaneous sockets. Other sockets set bits.
chosen_offsets_beyond_the_table_are_not_judged() {
	insmod "$VARIANTS/testhook.ko" choose=1
	load_with outcomes=1
	serve env -- --listen '[::]:7000' --mark 0x7e59
	workload connect --threads 16 --connects 64 --keep
	wait_for 5 reached offset_unjudged 64 || :
	expect outcomes=4 accepted_other_offset=64 offset_unjudged=64 offset_rewritten=0
	[ "$(($(stat repairs_noted) + $(stat repairs_shared)))" -ge 12 ]
	# Released slots are free for new sockets.
	noted=$(stat repairs_noted)
	workload connect --threads 1 --connects 4
	wait_for 5 reached offset_unjudged 68 || :
	expect repairs_noted="$noted" accepted_other_offset=68 offset_unjudged=68 offset_rewritten=0
}

# The table has one set of four slots. Sequential sockets release their slots, even with a changed offset.
slots_of_chosen_offsets_are_freed() {
	insmod "$VARIANTS/testhook.ko" choose=1 rewrite=1
	load_with outcomes=1
	serve env -- --listen '[::]:7000' --mark 0x7e59 --priority 0x7e5a
	for closed in 20 40; do
		workload connect --threads 1 --connects 10 --until-reset
		wait_for 5 reached offset_kept "$closed" || :
	done
	expect outcomes=4 accepted_other_offset=20 offset_kept=40 offset_unjudged=0 offset_rewritten=0 repairs_noted=0
}

# A v4-mapped socket that becomes an IPv4 socket is still judged.
sockets_that_become_ipv4_are_judged() {
	wait_for 10 none_is_open
	insmod "$VARIANTS/testhook.ko" rewrite=1
	load_with outcomes=64
	serve env -- --listen '[::]:7000'
	workload connect --threads 2 --connects 20 --to '[::ffff:127.0.0.1]:7000' --become-ipv4
	workload connect --threads 2 --connects 10 --to '[::ffff:127.0.0.1]:7000' --become-ipv4 --priority 0x7e58
	wait_for 5 reached offset_kept 50 || :
	expect offset_match=30 offset_kept=50 offset_rewritten=10 offset_unjudged=0
}

# Such a socket can connect again, over IPv4. The module does not count that connect.
reconnects_over_ipv4_are_not_counted() {
	load_with outcomes=64
	serve env -- --listen '[::]:7000'
	workload connect --threads 2 --connects 20 --to '[::ffff:127.0.0.1]:7000' --become-ipv4 --refused-over-ipv4
	wait_for 5 reached offset_kept 40 || :
	expect outcomes_begun=20 outcome_established=20 outcome_refused=0 outcomes_untimed=0 offset_kept=40 offset_rewritten=0 offset_unjudged=0
	workload repair --again --become-ipv4 --to '[::ffff:127.0.0.1]:7000' --connects 5
	wait_for 5 reached offset_unjudged 5 || :
	expect outcomes_begun=25 offset_match=25 offset_unjudged=5 offset_rewritten=0
}

run_checks rewritten_offsets_are_found offsets_set_by_a_user_are_not_judged accepted_sockets_have_the_hash \
	offsets_chosen_before_accept_are_not_judged offsets_rewritten_after_accept_are_found \
	chosen_offsets_that_are_rewritten_are_found chosen_offsets_beyond_the_table_are_not_judged \
	slots_of_chosen_offsets_are_freed sockets_that_become_ipv4_are_judged reconnects_over_ipv4_are_not_counted \
	reconnects_in_repair_are_not_judged repair_elsewhere_hides_nothing
