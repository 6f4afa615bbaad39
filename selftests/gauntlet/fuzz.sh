#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Random calls on every file, by those who may and those who may not, and random parameters.
# FUZZ_SECONDS: how long each takes.
TSOFFSET_SELFTESTS=$(dirname "$0")/../tsoffset
# shellcheck source=selftests/lib.sh
. "$TSOFFSET_SELFTESTS/lib.sh"

NOLOAD=1
: "${FUZZ_SECONDS:=15}"
FILES=(/proc/tsoffset/{stats,last,connects,events,filter} /proc/net/tsoffset)

# ended NAME: how often that was the end of a call.
ended() { awk -v name="$1" '$1 == name { n = $2 } END { print n + 0 }' /tmp/fuzz; }

# under_load COMMAND...: with connects going on meanwhile, which are all accounted for.
under_load() {
	load_with witness=1 outcomes=1000
	workload connect --serve --threads 4 --connects 1000000 --seconds $((FUZZ_SECONDS + 3)) > /tmp/connects &
	connecting=$!
	sleep 1
	"$@" > /tmp/fuzz
	cat /tmp/fuzz
	figure "$who fuzzing the files, $FUZZ_SECONDS s" "$(awk '$1 != "seed" && !/^opened_/ { n += $2 } END { print n }' /tmp/fuzz) calls"
	wait "$connecting"
	all_matched "$(counted < /tmp/connects)"
	[ "$(stat connects_called)" -gt 50 ]
}

by_root() {
	who=root
	under_load workload fuzz --seconds "$FUZZ_SECONDS" "${FILES[@]}"
	# It has not been stopped at the door.
	for file in "${FILES[@]}"; do
		[ "$(ended "opened_$(basename "$file")")" -gt 0 ]
	done
	[ "$(ended write_ok)" -gt 0 ]
	[ "$(ended write_EINVAL)" -gt 0 ]
	[ "$(ended read_ok)" -gt 0 ]
}

# Of the files with offsets and addresses, none is opened; what is open to everybody has none.
by_nobody() {
	who=nobody
	under_load su -s /bin/sh nobody -c "tsoffset-workload fuzz --seconds $FUZZ_SECONDS ${FILES[*]}"
	[ "$(ended open_EACCES)" -gt 0 ]
	[ "$(ended opened_stats)" -gt 0 ]
	[ "$(ended read_ok)" -gt 0 ]
	[ "$(grep -cE '^opened_(last|connects|events|filter) ' /tmp/fuzz)" -eq 0 ]
	[ "$(grep -c '^write_ok ' /tmp/fuzz)" -eq 0 ]
}

# A file that is full of addresses of the kernel's: the search finds them.
addresses_are_found() {
	load
	if workload fuzz --seconds 10 /proc/kallsyms > /tmp/fuzz 2>&1; then return 1; fi
	tail -n 3 /tmp/fuzz
	grep -q 'an address of the kernel was read: ffff' /tmp/fuzz
}

parameters() {
	workload fuzz --seconds "$FUZZ_SECONDS" --load "$TSOFFSET_KO" maxactive records witness outcomes private colour > /tmp/fuzz
	cat /tmp/fuzz
	figure "random parameters, $FUZZ_SECONDS s" "$(awk '/^load_/ { n += $2 } END { print n }' /tmp/fuzz) loads, $(ended load_ok) taken"
	[ "$(ended load_ok)" -gt 0 ]
	[ "$(ended load_EINVAL)" -gt 0 ]
	# Nothing else than these and numbers that are too large.
	[ "$(grep -cvE '^(seed|load_(ok|EINVAL|ERANGE)) ' /tmp/fuzz)" -eq 0 ]
	load
	workload connect --serve --connects 20
	all_matched 20
}

run_checks addresses_are_found by_root by_nobody parameters
