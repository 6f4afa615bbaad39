# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154
#
# Checks of what a fleet's monitoring sees: sourced with $results set. $tools has the programs, $scratch is for files.

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

# quiet COMMAND...: it succeeds and says nothing; its warnings have no status of their own.
quiet() {
	local said status=0
	said=$("$@" 2>&1) || status=$?
	echo "$said"
	((status == 0)) && [[ -z $said ]]
}

# changed FILE SED-EXPRESSION NEW: a copy with something else in it; one that is the same is an error.
changed() {
	sed -E "$2" "$1" > "$3"
	! cmp --silent "$1" "$3" || die "'$2' changes nothing in $1"
}

# What the module printed in the selftests on a kernel (selftests/exporter.sh), and what it became there.
printed_in_guest() { sed -n "s/^# $2: //p" "$CACHE/log/test-$(file_name "$1").selftests"; }

# Stats to go on with, of the last of those kernels that host the module.
last_stats() {
	local name last=
	for name; do
		says "$name" '^module=no' || last=$name
	done
	[[ -n $last ]] && printed_in_guest "$last" stats
}

# A node exporter that serves the text files of $scratch/textfile, and nothing else, on a port that the kernel chooses.
start_node_exporter() {
	local tries=100
	# Who starts in the background empties its log when it gets to it: until then there would be the port of the one before.
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

# served ERROR: what it serves now, into $scratch/served; ERROR is 0 if it could read the files, 1 if not.
served() {
	python3 -c 'import sys, urllib.request
print(urllib.request.urlopen(sys.argv[1], timeout=10).read().decode(), end="")' \
		"http://127.0.0.1:$port/metrics" > "$scratch/served" &&
		{ grep -qx "node_textfile_scrape_error $1" "$scratch/served" || { cat "$scratch/served"; return 1; }; }
}
