#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Random calls on every file, by a privileged and an unprivileged user, and random parameters. FUZZ_SECONDS sets the time of
# each check.
TSOFFSET_SELFTESTS=$(dirname "$0")/../tsoffset
# shellcheck source=selftests/lib.sh
. "$TSOFFSET_SELFTESTS/lib.sh"

NOLOAD=1
: "${FUZZ_SECONDS:=15}"
FILES=(/proc/tsoffset/{stats,last,connects,events,filter} /proc/net/tsoffset)

# ended NAME: prints how many calls ended with NAME.
ended() { awk -v name="$1" '$1 == name { n = $2 } END { print n + 0 }' /tmp/fuzz; }

# under_load COMMAND...: runs COMMAND during connects, and expects the module to count all of them.
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
	# Root must be able to open each file.
	for file in "${FILES[@]}"; do
		[ "$(ended "opened_$(basename "$file")")" -gt 0 ]
	done
	[ "$(ended write_ok)" -gt 0 ]
	[ "$(ended write_EINVAL)" -gt 0 ]
	[ "$(ended read_ok)" -gt 0 ]
}

# An unprivileged user must not open files with offsets or addresses. The files for everybody contain neither.
by_nobody() {
	who=nobody
	under_load su -s /bin/sh nobody -c "tsoffset-workload fuzz --seconds $FUZZ_SECONDS ${FILES[*]}"
	[ "$(ended open_EACCES)" -gt 0 ]
	[ "$(ended opened_stats)" -gt 0 ]
	[ "$(ended read_ok)" -gt 0 ]
	[ "$(grep -cE '^opened_(last|connects|events|filter) ' /tmp/fuzz)" -eq 0 ]
	[ "$(grep -c '^write_ok ' /tmp/fuzz)" -eq 0 ]
}

# The control: the search must report kernel addresses in a file full of them.
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
	# No other error may occur, except ERANGE for numbers that are too large.
	[ "$(grep -cvE '^(seed|load_(ok|EINVAL|ERANGE)) ' /tmp/fuzz)" -eq 0 ]
	load
	workload connect --serve --connects 20
	all_matched 20
}

run_checks addresses_are_found by_root by_nobody parameters
