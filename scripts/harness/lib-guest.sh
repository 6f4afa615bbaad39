# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
#
# Checks that are runs of a guest: sourced with $name, $kernel, $image, $log and $results set.

subject=$name
# shellcheck source=scripts/checks/lib-checks.sh
. "$PROJECT/scripts/checks/lib-checks.sh"

# guest RUN SCRIPT [ARGUMENT...]: output and messages in $log.RUN, console in $log.RUN.console.
guest() {
	local run=$1 task=$2
	shift 2
	"$PROJECT/scripts/harness/guest" --kernel "$kernel" --initramfs "$image" --log "$log.$run.console" \
		--task "$task" "$@" > "$log.$run" 2>&1
}

# must STATUS RUN PATTERN DESCRIPTION SCRIPT [ARGUMENT...]: a run that ends with that status and says
# so: its output has a line that matches.
must() {
	local wanted=$1 run=$2 pattern=$3 what=$4 status=0
	shift 4
	guest "$run" "$@" || status=$?
	if ((status != wanted)); then
		what+=" (status $status instead of $wanted, see $(shown "$log.$run"))"
	elif ! grep -qE "$pattern" "$log.$run"; then
		what+=" (nothing says '$pattern', see $(shown "$log.$run"))"
	else
		record ok "$what"
		return
	fi
	record failed "$what"
	tail -n 30 "$log.$run" >&2
}

# watchpoints FILE: how many KCSAN set up between the first and the last time that its state was printed, of two, if
# it was on both times; else 0.
watchpoints() {
	awk '$1 == "enabled:" { on += $2 } $1 == "setup_watchpoints:" { before = after; after = $2 }
		END { print on == 2 ? after - before : 0 }' "$1"
}

watched() { (($(watchpoints "$1") > 0)); }
