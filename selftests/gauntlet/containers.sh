#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What hosts of containers do to connects: a BPF program chooses another destination, a router another source, and crun
# another namespace and cgroup. The counts of curl, nginx, the kernel and stats must agree.
TSOFFSET_SELFTESTS=$(dirname "$0")/../tsoffset
# shellcheck source=selftests/lib.sh
. "$TSOFFSET_SELFTESTS/lib.sh"
# shellcheck source=selftests/gauntlet/lib-clients.sh
. "$(dirname "$0")/lib-clients.sh"
# shellcheck source=selftests/gauntlet/lib-nginx.sh
. "$(dirname "$0")/lib-nginx.sh"
# shellcheck source=selftests/gauntlet/lib-containers.sh
. "$(dirname "$0")/lib-containers.sh"

NOLOAD=1
NET=$(cd "$(dirname "$0")/net" && pwd)
CONNECTS=/proc/tsoffset/connects

# "stat" is a function of lib.sh.
inode() { busybox stat -L -c %i "$1"; }

# fetch URL: fetches with a connection for each request. Prints curl's number of connections.
fetch() {
	inside left curl --silent --fail --header 'Connection: close' --output /dev/null --write-out '%{num_connects}\n' "$1" |
		awk '{ n += $1 } END { print n }'
}

# A record has the destination that the BPF program chose, not the one that curl asked for.
bpf_redirect() {
	set_up_nginx
	make_cgroup
	grep -q ' /sys/fs/bpf ' /proc/mounts || mount -t bpf bpf /sys/fs/bpf
	bpftool prog loadall "$NET/redirect.bpf.o" /sys/fs/bpf/redirect
	for family in 6 4; do
		bpftool cgroup attach "$CGROUP" "cgroup_inet${family}_connect" pinned "/sys/fs/bpf/redirect/redirect$family"
	done
	v6=$(in_cgroup fetch 'http://[2001:db8::99]/file?[1-15]')
	v4=$(in_cgroup fetch 'http://192.0.2.99/file?[1-12]')
	figure "curl, redirected by BPF" "$v6 connections over IPv6, $v4 over IPv4"
	[ "$v6 $v4" = '15 12' ]
	all_agree "$v6" "$v4"
	# The kernel does not call tcp_v6_connect() and tcp_v4_connect() if the BPF program rejects the call.
	for url in 'http://[2001:db8::2]:81/' http://192.0.2.2:81/; do
		status=0
		in_cgroup inside left curl --silent "$url" || status=$?
		[ "$status" -eq 7 ]
	done
	[ "$(redirected)" = "$v6 $v4 2" ] || { cat /tmp/redirected && return 1; }
	all_agree "$v6" "$v4"
	# The same addresses without the BPF program: nobody has them.
	for url in 'http://[2001:db8::99]/file' http://192.0.2.99/file; do
		status=0
		inside left curl --silent --connect-timeout 20 "$url" || status=$?
		[ "$status" -eq 7 ]
	done
	[ "$(redirected)" = "$v6 $v4 2" ]
	failures=2
	all_agree $((v6 + 1)) $((v4 + 1))
	STATS=$left/tsoffset expect failed_unreachable=2
	awk -v cgroup="$(inode "$CGROUP")" 'NR > 1 { print ($23 == cgroup ? "in" : "out"), $12, $13, $17, $24 }' "$CONNECTS" |
		sort | uniq -c | sed 's/^ *//' > /tmp/records
	diff /tmp/records - <<-'END'
		15 in 2001:db8::2 8080 match v6
		12 in ::ffff:192.0.2.2 8080 match v4
		1 out 2001:db8::99 80 match v6
		1 out ::ffff:192.0.2.99 80 match v4
	END
	rm -r /sys/fs/bpf/redirect
	wait_for 5 rmdir "$CGROUP"
}

# through_router LINES: makes 20 connects over each family, up to line LINES of events. Sets kept to the number of those that
# the server has seen with the client's port.
through_router() {
	[ "$(fetch 'http://[2001:db8:2::2]:8080/file?[1-20]') $(fetch 'http://203.0.113.2:8080/file?[1-20]')" = '20 20' ]
	tsoffset-workload follow /proc/tsoffset/events --oldest --lines "$1" | tail -n 80 > /tmp/events
	sed -nE 's/.*"event":"connect".*"family":"(v[46])".*"sport":([0-9]+),.*/\1 \2/p' /tmp/events | sort > /tmp/own
	sed -nE 's/.*"destination":"(2001:db8:2::ff|::ffff:203.0.113.254)","dport":([0-9]+),.*"family":"(v[46])".*/\3 \2/p' \
		/tmp/events | sort > /tmp/seen
	[ "$(wc -l < /tmp/own) $(wc -l < /tmp/seen)" = '40 40' ]
	kept=$(grep -cxFf /tmp/own /tmp/seen) || :
}

masquerade_with_random_ports() {
	set_up_nginx
	make_router
	echo event=connect,accepted > /proc/tsoffset/filter
	masquerade
	through_router 80
	[ "$kept" -eq 40 ]
	masquerade fully-random
	through_router 160
	figure "curl through MASQUERADE with random ports" "40 connections, $kept with the client's own port"
	[ "$kept" -le 4 ]
	[ "$(translated)" -eq 40 ]
	all_agree 40 40
}

# The container's client has a namespace, a cgroup, a user and a number of its own.
crun_container() {
	set_up_nginx
	[ -e /sys/fs/cgroup/cgroup.procs ] || mount -t cgroup2 cgroup2 /sys/fs/cgroup
	v6='http://[2001:db8:3::2]:8080/file' v4=http://198.51.100.2:8080/file
	bundle "for url in $v6 $v6 $v6 $v4 $v4; do for n in 1 2 3; do busybox wget -q -O - \$url; done; done"
	box create --no-pivot --bundle /tmp/bundle box > /tmp/container 2>&1 < /dev/null || { cat /tmp/container && return 1; }
	trap 'set +e; box delete --force box; ip netns delete box; kill -9 $started 2> /dev/null' EXIT
	pid=$(box state box | sed -nE 's/.*"pid": ([0-9]+).*/\1/p')
	cgroup=$(inode "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$pid/cgroup")")
	ip netns attach box "$pid"
	start box sleep 100000
	left=/proc/$!/net
	wait_for 5 moved "$left"
	ip link add box netns right type veth peer name eth0 netns box
	ip -n right address add 2001:db8:3::2/64 dev box nodad
	ip -n right address add 198.51.100.2/24 dev box
	ip -n box address add 2001:db8:3::1/64 dev eth0 nodad
	ip -n box address add 198.51.100.1/24 dev eth0
	ip -n right link set box up
	ip -n box link set eth0 up
	box start box
	wait_for 60 stopped
	[ "$(grep -cx content /tmp/container)" -eq 15 ] || { cat /tmp/container && return 1; }
	figure "busybox wget in a container of crun" "15 connections, cgroup $cgroup"
	all_agree 9 6
	STATS=/proc/net/tsoffset expect connects_called=0 connects_v4_called=0
	# A task of another cgroup in the same namespace.
	inside box curl --silent --fail --output /dev/null 'http://[2001:db8:3::2]:8080/file'
	all_agree 10 6
	awk -v cgroup="$cgroup" -v netns="$(inode "${left%net}ns/net")" \
		'NR > 1 { print ($23 == cgroup ? "its" : "another"), ($8 == netns ? "its" : "another"), $6, $12, $24 }' "$CONNECTS" |
		sort | uniq -c | sed 's/^ *//' > /tmp/records
	diff /tmp/records - <<-'END'
		1 another its 0 2001:db8:3::2 v6
		9 its its 1000 2001:db8:3::2 v6
		6 its its 1000 ::ffff:198.51.100.2 v4
	END
}

run_checks bpf_redirect masquerade_with_random_ports crun_container
