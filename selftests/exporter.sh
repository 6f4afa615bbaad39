#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The exporter in the guest: beside the module, without the module, and confined like its systemd unit.
# scripts/checks/test-exporter uses the stats that this script prints.
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

PROM=/tmp/tsoffset.prom

exporter() { /bin/sh "$TSOFFSET_SELFTESTS/tsoffset-exporter" "$@"; }

# metric SAMPLE=VALUE...: expects these samples in the file.
metric() {
	for pair; do
		grep -qxF "${pair%=*} ${pair##*=}" "$PROM" || { echo "no $pair"; cat "$PROM"; return 1; }
	done
}

# Expects tsoffset_up 0 as the only metric, and one line of explanation.
down() {
	[ "$(grep -vc '^#' "$PROM")" -eq 1 ]
	metric tsoffset_up=0
	[ "$(wc -l < /tmp/complaint)" -eq 1 ] && grep "$1" /tmp/complaint
}

NOLOAD=1

# One workload fills as many lines of stats as possible.
what_the_module_counts() {
	load_with witness=1
	workload connect --serve --threads 4 --connects 200
	refused=$(workload refused --times 10 | field failed-inside)
	sysctl -q net.ipv4.tcp_timestamps=2
	workload connect --serve --connects 7
	settle
	exporter "$PROM"
	sed 's/^/stats: /' "$STATS"
	metric tsoffset_up=1 tsoffset_stats_version=1 'tsoffset_policy{state="zero"}=1' tsoffset_probe_armed=1 \
		"tsoffset_connects_called_total=$(stat connects_called)" "tsoffset_connects_failed_total=$refused" \
		'tsoffset_offsets_total{verdict="zero"}=7' 'tsoffset_ledger{state="balanced"}=1' \
		'tsoffset_ledger{state="unbalanced"}=0' 'tsoffset_witness{state="on"}=1' \
		"tsoffset_connect_duration_seconds_count=$(stat connects_returned)"
	[ "$(busybox stat -c %a "$PROM")" = 644 ]
	sed 's/^/metrics: /' "$PROM"
}

for_an_ordinary_user() {
	load
	su -s /bin/sh nobody -c "/bin/sh $TSOFFSET_SELFTESTS/tsoffset-exporter -" > "$PROM"
	metric tsoffset_up=1
}

# Old numbers would look as if the module were loaded.
no_module_no_numbers() {
	load
	exporter "$PROM"
	metric tsoffset_up=1
	rmmod tsoffset
	if exporter "$PROM" 2> /tmp/complaint; then return 1; fi
	down 'the module is not loaded'
}

# A /proc with ProtectProc=invisible shows stats. A /proc with ProcSubset=pid does not, so the unit has only the former.
under_a_proc_of_its_own() {
	load
	mkdir -p /tmp/proc
	mount -t proc -o hidepid=invisible proc /tmp/proc
	exporter --stats /tmp/proc/tsoffset/stats "$PROM"
	umount /tmp/proc
	metric tsoffset_up=1
	mount -t proc -o subset=pid proc /tmp/proc
	if exporter --stats /tmp/proc/tsoffset/stats "$PROM" 2> /tmp/complaint; then return 1; fi
	umount /tmp/proc
	down 'the module is not loaded'
}

# Two namespaces with other counts than the host. Each file has the number of its namespace, by every path to the counts.
of_two_namespaces() {
	load
	for name in left right; do
		ip netns add "$name"
		ip -n "$name" link set lo up
	done
	ip netns exec right tsoffset-workload connect --serve --connects 7
	ip netns exec left tsoffset-workload connect --serve --connects 3
	settle
	for name in left right; do
		PROM=/tmp/tsoffset-$name.prom
		number=$(ip netns exec "$name" readlink /proc/self/ns/net | tr -dc '0-9')
		ip netns exec "$name" /bin/sh "$TSOFFSET_SELFTESTS/tsoffset-exporter" --stats /proc/net/tsoffset "$PROM"
		[ "$name" = left ] && count=3 || count=7
		metric "tsoffset_up{netns=\"$number\"}=1" "tsoffset_connects_called_total{netns=\"$number\"}=$count" \
			"tsoffset_offsets_total{netns=\"$number\",verdict=\"match\"}=$count"
	done
	ip netns exec right sed 's/^/netns-stats: /' /proc/net/tsoffset
	sed 's/^/netns-metrics: /' "$PROM"
	ip netns exec left sleep 60 &
	until [ "$(readlink "/proc/$!/ns/net")" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.1; done
	exporter --stats "/proc/$!/net/tsoffset" - | diff - /tmp/tsoffset-left.prom
	kill "$!"
	exporter --stats /proc/net/tsoffset --netns init "$PROM"
	metric 'tsoffset_up{netns="init"}=1'
}

run_checks what_the_module_counts for_an_ordinary_user of_two_namespaces no_module_no_numbers under_a_proc_of_its_own
