# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154
#
# Checks of the metrics for a fleet's monitoring. A script sources this file with $results set. $tools has the programs, and
# $scratch is a directory for files.

tools=$("$PROJECT/scripts/harness/unpacked" fleet promtool prometheus-node-exporter systemd libsystemd-shared)
promtool=$tools/usr/bin/promtool
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
log=$CACHE/log/test-fleet
mkdir -p "$log" "$scratch/textfile"
prom=$scratch/textfile/tsoffset.prom
table=$PROJECT/docs/fleet.md
exporter=$PROJECT/scripts/exporter/tsoffset-exporter

subject=fleet
# shellcheck source=scripts/checks/lib-checks.sh
. "$PROJECT/scripts/checks/lib-checks.sh"

# quiet COMMAND...: expects COMMAND to succeed and to print nothing, because its warnings do not change its status.
quiet() {
	local said status=0
	said=$("$@" 2>&1) || status=$?
	echo "$said"
	((status == 0)) && [[ -z $said ]]
}

# changed FILE SED-EXPRESSION NEW: writes an edited copy of FILE to NEW. Fails if the copy equals FILE.
changed() {
	sed -E "$2" "$1" > "$3"
	! cmp --silent "$1" "$3" || die "'$2' changes nothing in $1"
}

# printed_in_guest KERNEL stats|metrics: prints the module's stats, or the metrics made of them, from the selftests
# (selftests/exporter.sh).
printed_in_guest() { sed -n "s/^# $2: //p" "$CACHE/log/test-$(file_name "$1").selftests"; }

# last_stats KERNEL...: prints the stats from the last of these kernels that supports the module.
last_stats() {
	local name last=
	for name; do
		says "$name" '^module=no' || last=$name
	done
	[[ -n $last ]] && printed_in_guest "$last" stats
}

# Starts a node exporter that serves only the text files of $scratch/textfile. The kernel chooses the port.
start_node_exporter() {
	local tries=100
	# The background process would empty the log only later. Until then the log would show the port of the previous run.
	: > "$log/node-exporter"
	"$tools/usr/bin/prometheus-node-exporter" --collector.disable-defaults --web.disable-exporter-metrics \
		--collector.textfile --collector.textfile.directory="$scratch/textfile" \
		--web.listen-address=127.0.0.1:0 2>> "$log/node-exporter" &
	node_exporter=$!
	trap 'kill "$node_exporter" && rm -rf "$scratch"' EXIT
	until port=$(sed -nE 's/.*msg="Listening on" address=127\.0\.0\.1:([0-9]+).*/\1/p' "$log/node-exporter") &&
		[[ -n $port ]]; do
		tries=$((tries - 1))
		((tries > 0)) || die "the node exporter does not listen (see $(shown "$log/node-exporter"))"
		sleep 0.1
	done
}

# served ERROR: writes the served metrics to $scratch/served. ERROR is 0 if the node exporter could read the files,
# otherwise 1.
served() {
	python3 -c 'import sys, urllib.request
print(urllib.request.urlopen(sys.argv[1], timeout=10).read().decode(), end="")' \
		"http://127.0.0.1:$port/metrics" > "$scratch/served" &&
		{ grep -qx "node_textfile_scrape_error $1" "$scratch/served" || { cat "$scratch/served"; return 1; }; }
}
