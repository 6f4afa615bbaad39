# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
#
# Checks that run a guest. A script sources this file with $name, $kernel, $image, $log and $results set.

subject=$name
# shellcheck source=scripts/checks/lib-checks.sh
. "$PROJECT/scripts/checks/lib-checks.sh"

# guest RUN SCRIPT [ARGUMENT...]: runs SCRIPT in a guest. Output and messages go to $log.RUN, the console to
# $log.RUN.console.
guest() {
	local run=$1 task=$2
	shift 2
	"$PROJECT/scripts/harness/guest" --kernel "$kernel" --initramfs "$image" --log "$log.$run.console" \
		--task "$task" "$@" > "$log.$run" 2>&1
}

# must STATUS RUN PATTERN DESCRIPTION SCRIPT [ARGUMENT...]: expects SCRIPT to end with STATUS in a guest, and a line of the
# output to match PATTERN.
must() {
	local wanted=$1 run=$2 pattern=$3 what=$4 status=0
	shift 4
	guest "$run" "$@" || status=$?
	if ((status != wanted)); then
		what+=" (status $status instead of $wanted, see $(shown "$log.$run"))"
	elif ! grep -qE "$pattern" "$log.$run"; then
		what+=" (no line matches '$pattern', see $(shown "$log.$run"))"
	else
		record ok "$what"
		return
	fi
	record failed "$what"
	tail -n 30 "$log.$run" >&2
}

# watchpoints FILE: prints the number of watchpoints that KCSAN set up between the two prints of its state in FILE. Prints 0
# unless KCSAN was on at both.
watchpoints() {
	awk '$1 == "enabled:" { on += $2 } $1 == "setup_watchpoints:" { before = after; after = $2 }
		END { print on == 2 ? after - before : 0 }' "$1"
}

# watched FILE: succeeds if KCSAN set up a watchpoint.
watched() { (($(watchpoints "$1") > 0)); }
