#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Clients of other projects: iperf3, curl, stress-ng, the kernel's net selftests and CRIU, from packages or from the
# kernel's source (scripts/checks/gauntlet). The clients' own counts, the kernel's counters and stats must agree.
TSOFFSET_SELFTESTS=$(dirname "$0")/../tsoffset
# shellcheck source=selftests/lib.sh
. "$TSOFFSET_SELFTESTS/lib.sh"
# shellcheck source=selftests/gauntlet/lib-clients.sh
. "$(dirname "$0")/lib-clients.sh"

NOLOAD=1
# The clients that scripts/checks/gauntlet built.
NET=$(cd "$(dirname "$0")/net" && pwd)
PATH=$PATH:$NET

# The packages must not replace parts of the guest: its shell, its loader and each of busybox's applets exist and run.
guest_as_it_was() {
	set_up
	[ "$(readlink /bin/sh)" = bash ]
	for applet in $(busybox --list-full); do
		# A package's program may have another directory than the applet.
		[ "$applet" = linuxrc ] || command -v "${applet##*/}" > /dev/null || { echo "$applet is gone" && return 1; }
	done
	[ "$(readlink /bin/cat)" = /bin/busybox ]
	[ "$(echo text | /bin/cat)" = text ]
	# grep reads all output: with -q, ip could get SIGPIPE, which fails the check.
	ip -n left -6 address show veth0 | grep 2001:db8::1
	[ "$(find / -xdev -name 'libc.so.6' | wc -l)" -eq 1 ]
	agree 0
}

# Each iperf3 test opens its streams and a control connection. Its report lists the streams.
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

# curl prints for each request the number of connections that it made.
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

# Each instance has a client that connects to the instance's server. The client retries until the server listens.
stress_ng_sockets() {
	set_up
	inside left stress-ng --sock 6 --sock-domain ipv6 --sock-ops 120 --timeout 120 --metrics-brief --yaml /tmp/stress
	operations=$(awk '$1 == "bogo-ops:" { print $2 }' /tmp/stress)
	count=$(opens "$left")
	figure "stress-ng --sock 6" "$operations operations on $count connections"
	[ "$operations" -gt 0 ]
	[ "$count" -ge 6 ]
	agree "$count"
}

# Each run makes one connect.
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

# Ten thousand connects with data in the SYN, to listeners whose keys change.
kernel_fastopen_keys() {
	set_up
	inside left sysctl -q net.ipv4.tcp_fastopen=3
	inside left tcp_fastopen_backup_key -6sr
	agree 10000
	STATS=$left/tsoffset expect outcome_established=10000
}

# Runs in its own namespace. By the client's source, two of five calls find the only port in use.
kernel_port_share() {
	set_up
	# The client's output is TAP, too, and must not mix with this script's TAP.
	tcp_port_share -v ipv6 > /tmp/port_share || { sed 's/^/tcp_port_share: /' /tmp/port_share && return 1; }
	expect connects_called=5 connects_failed=2 offset_match=3 offset_mismatch=0 ledger=balanced
}

# The control: "agree" must fail if only one side sees a connection. Only the kernel's counter includes an IPv4 connection.
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

# A shell without the runner's open files sends lines and stores the echoes. CRIU dumps it while lines are in flight, and
# restores it. CRIU makes a new socket in TCP_REPAIR mode, with a connect that sends nothing and with the old timestamps.
criu_dump_and_restore() {
	set_up
	# CRIU tests the kernel's features with its own connections, once.
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
	# No line is lost or duplicated.
	cp /tmp/echoed /tmp/so-far
	awk '{ print $2 }' /tmp/so-far | cmp - <(seq "$(wc -l < /tmp/so-far)")

	# The kernel counts no connection for the restored socket. CRIU reads the old socket's timestamp, and connects the
	# new socket before it sets that timestamp. So the offset at the connect is not the hash.
	[ "$(opens "$left")" -eq $((began + 1)) ]
	STATS=$left/tsoffset expect connects_called=$((before + 2)) offset_match=$((before + 1)) offset_repair=1 \
		offset_mismatch=0 outcomes_begun=$((before + 1)) reader_getsockopt=$((reads + 1)) offset_unjudged=0 ledger=balanced
	record=$(tail -n 1 /proc/tsoffset/connects)
	echo "$record"
	echo "$record" | grep -Eq ' criu .* 7400 +0 0x[0-9a-f]{8} 0x[0-9a-f]{8} repair .* repair +0 +[0-9]+ +[0-9]+ v6$'
	! echo "$record" | grep -Eq '(0x[0-9a-f]{8}) \1' || return 1
	# The filter selects connects in TCP_REPAIR mode, and no others.
	recorded=$(stat connects_recorded)
	inside left curl -6 --silent 'http://[2001:db8::2]:9/' || :
	expect connects_recorded="$recorded" connects_filtered=1
	# When the socket is closed, the module neither judges the user's timestamp nor reports it as rewritten.
	kill -9 "$client"
	wait_for 5 closed_unjudged
	STATS=$left/tsoffset expect offset_unjudged=1 offset_rewritten=0 ledger=balanced
}

closed_unjudged() { [ "$(STATS=$left/tsoffset stat offset_unjudged)" -eq 1 ]; }

# A BPF program treats the ACK of each handshake as the answer to its own SYN cookie, and chooses the accepted socket's
# offset. The kernel answers the SYN with its own cookie.
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
	# Without the BPF program, accepted sockets have the kernel's offset.
	workload connect --serve --threads 2 --connects 50
	echo 1 > /proc/sys/net/ipv4/tcp_syncookies
	wait_for 5 reached offset_kept 150 || :
	expect offset_match=100 accepted_other_offset=50 offset_unjudged=50 offset_kept=150 offset_rewritten=0
	rmmod tsoffset
}

# Programs that read all symbols' names, including the module's. A name longer than their buffer crashes such a program.
libbpf_tools_run() {
	load
	for tool in biosnoop biotop klockstat; do
		status=0
		timeout -s INT 10 "/usr/sbin/$tool-libbpf" > /tmp/tool 2>&1 || status=$?
		echo "$tool: status $status"
		# A signal's number plus 128 is the status of a killed program.
		[ "$status" -lt 128 ]
		[ -s /tmp/tool ]
	done
	rmmod tsoffset
}

run_checks guest_as_it_was iperf3_streams curl_requests curl_refused stress_ng_sockets kernel_tcp_inq kernel_tfo kernel_msg_zerocopy \
	kernel_fastopen_keys kernel_port_share miscount_is_noticed bpf_syn_cookies libbpf_tools_run criu_dump_and_restore
