#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What a server's exporter makes of the module's own file, where it runs: next to the module, without it, and shut in
# as its systemd unit shuts it in. scripts/checks/test-exporter goes on with the stats that are printed here.
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

PROM=/tmp/tsoffset.prom

exporter() { /bin/sh "$TSOFFSET_SELFTESTS/tsoffset-exporter" "$@"; }

# metric SAMPLE=VALUE...: as the file has them.
metric() {
	for pair; do
		grep -qxF "${pair%=*} ${pair##*=}" "$PROM" || { echo "no $pair"; cat "$PROM"; return 1; }
	done
}

# Nothing but that there is nothing, said once more in one line.
down() {
	[ "$(grep -vc '^#' "$PROM")" -eq 1 ]
	metric tsoffset_up=0
	[ "$(wc -l < /tmp/complaint)" -eq 1 ] && grep "$1" /tmp/complaint
}

NOLOAD=1

# With something in as many lines as one workload can fill.
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

# Numbers of a module that is gone would look as if it were there.
no_module_no_numbers() {
	load
	exporter "$PROM"
	metric tsoffset_up=1
	rmmod tsoffset
	if exporter "$PROM" 2> /tmp/complaint; then return 1; fi
	down 'the module is not loaded'
}

# What ProtectProc=invisible mounts shows the stats; what ProcSubset=pid mounts does not, so the unit has only the one.
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
