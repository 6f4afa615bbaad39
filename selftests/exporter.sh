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

run_checks what_the_module_counts for_an_ordinary_user no_module_no_numbers under_a_proc_of_its_own
