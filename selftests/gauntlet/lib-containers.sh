# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
#
# A BPF program of a cgroup, a router and a container for containers.sh. A script sources this file after lib-clients.sh.

# in_cgroup COMMAND...: runs COMMAND in the cgroup of the BPF program.
in_cgroup() { (echo 0 > "$CGROUP/cgroup.procs" && "$@"); }

# redirected: prints the BPF program's counts: IPv6, IPv4, rejected.
redirected() {
	bpftool --pretty map dump name redirect.bss > /tmp/redirected
	for name in redirected_v6 redirected_v4 rejected; do sed -nE "s/.*\"$name\": ([0-9]+).*/\1/p" /tmp/redirected; done | xargs
}

# make_router: puts a namespace "router" between "left" and "right", beside their direct link.
make_router() {
	ip netns add router
	trap 'set +e; ip netns delete router; kill -9 $started 2> /dev/null' EXIT
	for namespace in left router right; do inside "$namespace" sysctl -q net.ipv6.conf.default.accept_dad=0; done
	inside router sysctl -q net.ipv6.conf.all.forwarding=1 net.ipv4.ip_forward=1
	ip link add out netns left type veth peer name inner netns router
	ip link add out netns right type veth peer name outer netns router
	while read -r namespace device v6 v4; do
		ip -n "$namespace" address add "$v6/64" dev "$device" nodad
		ip -n "$namespace" address add "$v4/24" dev "$device"
		ip -n "$namespace" link set "$device" up
	done <<-'END'
		left out 2001:db8:1::1 198.51.100.1
		router inner 2001:db8:1::ff 198.51.100.254
		router outer 2001:db8:2::ff 203.0.113.254
		right out 2001:db8:2::2 203.0.113.2
	END
	ip -n left route add 2001:db8:2::/64 via 2001:db8:1::ff
	ip -n left route add 203.0.113.0/24 via 198.51.100.254
}

# masquerade [OPTION]: the router gives each connection its own address and, with an option, another port.
masquerade() {
	inside router nft -f - <<-END
		table inet nat
		delete table inet nat
		table inet nat {
			chain postrouting {
				type nat hook postrouting priority srcnat
				oifname outer counter masquerade $*
			}
		}
	END
}

# translated: prints the number of connections that the router has translated.
translated() { inside router nft list chain inet nat postrouting | sed -nE 's/.*counter packets ([0-9]+) .*/\1/p'; }

# bundle COMMAND: makes a container's files, with busybox only.
bundle() {
	mkdir -p /tmp/bundle/rootfs/bin /tmp/bundle/rootfs/dev /tmp/bundle/rootfs/proc
	cp /bin/busybox /tmp/bundle/rootfs/bin/
	cat > /tmp/bundle/config.json <<-END
		{
			"ociVersion": "1.0.2",
			"process": {
				"user": { "uid": 1000, "gid": 1000 },
				"args": ["/bin/busybox", "sh", "-c", "$1"],
				"env": ["PATH=/bin"],
				"cwd": "/"
			},
			"root": { "path": "rootfs" },
			"mounts": [{ "destination": "/proc", "type": "proc", "source": "proc" }],
			"linux": {
				"cgroupsPath": "/box",
				"namespaces": [{ "type": "pid" }, { "type": "network" }, { "type": "mount" }, { "type": "ipc" }]
			}
		}
	END
}

box() { crun --cgroup-manager=cgroupfs "$@"; }

stopped() { box state box | grep -q '"status": "stopped"'; }
