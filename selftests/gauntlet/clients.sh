#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# People's own clients: iperf3, curl, stress-ng, the kernel's own net selftests and CRIU, from their packages or from the
# kernel's source (scripts/checks/gauntlet). What they say they did, what the kernel's counters say, and stats are one.
TSOFFSET_SELFTESTS=$(dirname "$0")/../tsoffset
# shellcheck source=selftests/lib.sh
. "$TSOFFSET_SELFTESTS/lib.sh"
# shellcheck source=selftests/gauntlet/lib-clients.sh
. "$(dirname "$0")/lib-clients.sh"

NOLOAD=1
# What scripts/checks/gauntlet built.
NET=$(cd "$(dirname "$0")/net" && pwd)
PATH=$PATH:$NET

# The packages came beside what the guest has: its shell, its loader, and each of busybox's applets is there and runs.
guest_as_it_was() {
	set_up
	[ "$(readlink /bin/sh)" = bash ]
	for applet in $(busybox --list-full); do
		# Real programs may be in another directory.
		[ "$applet" = linuxrc ] || command -v "${applet##*/}" > /dev/null || { echo "$applet is gone" && return 1; }
	done
	[ "$(readlink /bin/cat)" = /bin/busybox ] && [ "$(echo text | /bin/cat)" = text ]
	# All of it is read: with -q, ip may be killed by SIGPIPE, which is a failure here.
	ip -n left -6 address show veth0 | grep 2001:db8::1
	[ "$(find / -xdev -name 'libc.so.6' | wc -l)" -eq 1 ]
	agree 0
}

# A test opens its streams and one connection to talk about them; the streams are in its report.
iperf3_streams() {
	set_up
	start right iperf3 --server > /dev/null
	listens "$right" 5201
	count=0
	for options in '--parallel 4' '--parallel 3 --reverse' '--parallel 2 --bidir'; do
		# shellcheck disable=SC2086 # a list of words
		inside left iperf3 -6 --client 2001:db8::2 --time 1 --json $options > /tmp/iperf3
		streams=$(grep -c '"local_port"' /tmp/iperf3)
		count=$((count + streams + 1))
	done
	figure "iperf3" "$count connections"
	[ "$count" -eq $((4 + 3 + 4 + 3)) ]
	agree "$count"
}

# curl says of each request how many connections it made for it.
curl_requests() {
	set_up
	echo content > /tmp/file
	start right busybox httpd -f -p '[::]:8080' -h /tmp
	listens "$right" 8080
	for options in --no-keepalive '--no-keepalive --parallel --parallel-max 5'; do
		# shellcheck disable=SC2086 # a list of words
		inside left curl -6 --silent $options --output /dev/null --write-out '%{num_connects} %{http_code}\n' \
			'http://[2001:db8::2]:8080/file?[1-25]'
	done > /tmp/curl
	[ "$(grep -c ' 200$' /tmp/curl)" -eq 50 ]
	count=$(awk '{ n += $1 } END { print n }' /tmp/curl)
	figure "curl" "50 requests, $count connections"
	[ "$count" -eq 50 ]
	agree "$count"
}

curl_refused() {
	set_up
	for _ in 1 2 3 4 5; do
		status=0
		inside left curl -6 --silent 'http://[2001:db8::2]:9/' || status=$?
		[ "$status" -eq 7 ]
	done
	agree 5
	STATS=$left/tsoffset expect outcomes_begun=5 outcome_refused=5 outcome_established=0
}

# Each instance has a client that connects to its server; it retries where the server is not there yet.
stress_ng_sockets() {
	set_up
	inside left stress-ng --sock 6 --sock-domain ipv6 --sock-ops 120 --timeout 120 --metrics-brief --yaml /tmp/stress
	operations=$(awk '$1 == "bogo-ops:" { print $2 }' /tmp/stress)
	count=$(opens "$left")
	figure "stress-ng --sock 6" "$operations operations on $count connections"
	[ "$operations" -gt 0 ] && [ "$count" -ge 6 ]
	agree "$count"
}

# One connect each.
kernel_tcp_inq() {
	set_up
	for port in 7101 7102 7103 7104 7105; do inside left tcp_inq -6 -p "$port" | grep -x PASSED; done
	agree 5
}

kernel_tfo() {
	set_up
	inside left sysctl -q net.ipv4.tcp_fastopen=3
	inside right sysctl -q net.ipv4.tcp_fastopen=3
	for port in 7201 7202 7203; do
		start right tfo -s -p "$port" -o /tmp/napi
		listens "$right" "$port"
		inside left tfo -c -h 2001:db8::2 -p "$port"
	done
	agree 3
	[ "$(awk '/fastopen/' /proc/tsoffset/connects | wc -l)" -eq 3 ]
}

kernel_msg_zerocopy() {
	set_up
	start right msg_zerocopy -6 -p 7300 -t 2 -r tcp
	listens "$right" 7300
	inside left msg_zerocopy -6 -D 2001:db8::2 -p 7300 -t 1 -z tcp
	agree 1
}

# Ten thousand with data in the SYN, to listeners whose keys change.
kernel_fastopen_keys() {
	set_up
	inside left sysctl -q net.ipv4.tcp_fastopen=3
	inside left tcp_fastopen_backup_key -6sr
	agree 10000
	STATS=$left/tsoffset expect outcome_established=10000
}

# In a namespace of its own. By its source: of five calls two find that the only port is in use.
kernel_port_share() {
	set_up
	# It speaks TAP, too, which is not to be taken for this script's.
	tcp_port_share -v ipv6 > /tmp/port_share || { sed 's/^/tcp_port_share: /' /tmp/port_share && return 1; }
	expect connects_called=5 connects_failed=2 offset_match=3 offset_mismatch=0 ledger=balanced
}

# agree has to notice clients of which only one side knows: an IPv4 connection is in the kernel's count only.
miscount_is_noticed() {
	set_up
	echo content > /tmp/file
	start right busybox httpd -f -p '[::]:8080' -h /tmp
	listens "$right" 8080
	inside left curl -6 --silent --fail --output /dev/null 'http://[2001:db8::2]:8080/file'
	agree 1
	inside left curl -4 --silent --fail --output /dev/null 'http://192.0.2.2:8080/file'
	[ "$(opens "$left")" -eq 2 ]
	for count in 1 2; do
		if one_count "$count"; then return 1; fi
	done
}

criu() { LD_PRELOAD=$NET/criu_sockopt.so inside left criu "$@"; }

last_line() { tail -n 1 /tmp/echoed | field line; }

came_further() { [ "$(last_line)" -gt "$1" ]; }

# A shell, without what the runner left open, that sends lines and keeps what comes back, dumped while lines are on their
# way, and restored: the socket is made anew in TCP_REPAIR mode, with a connect that sends nothing and with the old
# timestamps.
criu_dump_and_restore() {
	set_up
	# It tries the kernel with connections of its own, once.
	criu check > /dev/null 2>&1 || :
	# shellcheck disable=SC2016 # for that shell
	start right busybox nc -ll -p 7400 -e /bin/sh -c 'while read -r l; do sleep 0.1; echo "$l"; done'
	listens "$right" 7400
	before=$(STATS=$left/tsoffset stat connects_called)
	reads=$(STATS=$left/tsoffset stat reader_getsockopt)
	began=$(opens "$left")
	# shellcheck disable=SC2016 # for that shell
	start left setsid bash -c 'for fd in /proc/$$/fd/*; do ((${fd##*/} < 3)) || eval "exec ${fd##*/}>&-"; done
		exec 3<> /dev/tcp/2001:db8::2/7400
		n=0
		while n=$((n + 1)) && echo "line $n" >&3 && read -r line <&3; do echo "$line" >> /tmp/echoed; done' \
		< /dev/null > /tmp/client 2>&1
	client=$!
	wait_for 20 grep -qs 'line 5' /tmp/echoed
	STATS=$left/tsoffset expect connects_called=$((before + 1)) offset_match=$((before + 1)) offset_repair=0

	mkdir /tmp/dump
	criu dump --tree "$client" --tcp-established --network-lock nftables --images-dir /tmp/dump --log-file dump.log ||
		{ tail -n 40 /tmp/dump/dump.log && return 1; }
	[ ! -d "/proc/$client" ]
	here=$(last_line)
	echo 'verdict=repair' > /proc/tsoffset/filter
	criu restore --restore-detached --tcp-established --images-dir /tmp/dump --log-file restore.log ||
		{ tail -n 20 /tmp/dump/restore.log && return 1; }
	wait_for 20 came_further $((here + 5))
	figure "criu" "$here lines before the dump, $(last_line) some time after"
	# None lost, none twice.
	cp /tmp/echoed /tmp/so-far
	awk '{ print $2 }' /tmp/so-far | cmp - <(seq "$(wc -l < /tmp/so-far)")

	# The kernel counts no connection for it. criu asked the old socket for its timestamp, and makes the new one connect
	# before it has it again: what is in there is not what the hash yields.
	[ "$(opens "$left")" -eq $((began + 1)) ]
	STATS=$left/tsoffset expect connects_called=$((before + 2)) offset_match=$((before + 1)) offset_repair=1 \
		offset_mismatch=0 outcomes_begun=$((before + 1)) reader_getsockopt=$((reads + 1)) offset_unjudged=0 ledger=balanced
	record=$(tail -n 1 /proc/tsoffset/connects)
	echo "$record"
	echo "$record" | grep -Eq ' criu .* 7400 +0 0x[0-9a-f]{8} 0x[0-9a-f]{8} repair .* repair$'
	! echo "$record" | grep -Eq '(0x[0-9a-f]{8}) \1' || return 1
	# The filter lets such connects through, and no other.
	recorded=$(stat connects_recorded)
	inside left curl -6 --silent 'http://[2001:db8::2]:9/' || :
	expect connects_recorded="$recorded" connects_filtered=1
	# The user's own timestamp is nothing to judge by when the socket is closed, and no rewritten one either.
	kill -9 "$client"
	wait_for 5 closed_unjudged
	STATS=$left/tsoffset expect offset_unjudged=1 offset_rewritten=0 ledger=balanced
}

closed_unjudged() { [ "$(STATS=$left/tsoffset stat offset_unjudged)" -eq 1 ]; }

# A BPF program takes the ACK of each handshake for the answer to a SYN cookie of its own, and chooses the offset of the socket that is
# accepted. The SYN is answered by a cookie of the kernel's.
bpf_syn_cookies() {
	load_with outcomes=64
	grep -q ' /sys/fs/bpf ' /proc/mounts || mount -t bpf bpf /sys/fs/bpf
	echo 2 > /proc/sys/net/ipv4/tcp_syncookies
	bpftool prog load "$NET/choose.bpf.o" /sys/fs/bpf/choose type tcx/ingress
	bpftool net attach tcx_ingress pinned /sys/fs/bpf/choose dev lo
	workload connect --serve --threads 2 --connects 50
	bpftool net detach tcx_ingress dev lo
	rm /sys/fs/bpf/choose
	wait_for 5 reached offset_unjudged 50 || :
	expect offset_match=50 accepted_other_offset=50 offset_unjudged=50 offset_kept=50 offset_rewritten=0
	# Without it they are accepted with the kernel's.
	workload connect --serve --threads 2 --connects 50
	echo 1 > /proc/sys/net/ipv4/tcp_syncookies
	wait_for 5 reached offset_kept 150 || :
	expect offset_match=100 accepted_other_offset=50 offset_unjudged=50 offset_kept=150 offset_rewritten=0
	rmmod tsoffset
}

# Programs that read all symbols' names, with the module's among them: a longer one than they have room for kills them.
libbpf_tools_run() {
	load
	for tool in biosnoop biotop klockstat; do
		status=0
		timeout -s INT 10 "/usr/sbin/$tool-libbpf" > /tmp/tool 2>&1 || status=$?
		echo "$tool: status $status"
		# A signal that kills is 128 and its number.
		[ "$status" -lt 128 ]
		[ -s /tmp/tool ]
	done
	rmmod tsoffset
}

run_checks guest_as_it_was iperf3_streams curl_requests curl_refused stress_ng_sockets kernel_tcp_inq kernel_tfo kernel_msg_zerocopy \
	kernel_fastopen_keys kernel_port_share miscount_is_noticed bpf_syn_cookies libbpf_tools_run criu_dump_and_restore
