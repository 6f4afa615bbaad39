# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Long steps, their logs and their progress. scripts/lib.sh sources this file.

# track LABEL LINES LOG COMMAND...
#
# Runs COMMAND with its output in LOG and shows its progress. LINES is the expected number of lines in LOG (0: unknown).
# A terminal shows a bar; with WHOLE set, the bar covers all steps of the command. Without a terminal, or with ONE_OF_MANY set,
# a line appears every 30 seconds. If COMMAND fails, track prints the reason in one line, if the reason is the host. Otherwise track
# prints the end of LOG and its path. SIGINT, SIGTERM and SIGHUP end COMMAND with its descendants, and then the script.
track() {
	local label=$1 lines=$2 log=$3 start=$SECONDS pid status=0 why traps step_name
	shift 3
	mkdir -p "$(dirname "$log")"
	trap_step end_step
	{ as_step; "$@"; } > "$log" 2>&1 < /dev/null &
	pid=$!
	if [[ -t 2 && -z ${ONE_OF_MANY-} ]]; then
		progress_bar "$label" "$lines" "$log" "$pid" "$start"
	else
		say "$label ..."
		progress_lines "$label" "$lines" "$log" "$pid" "$start"
	fi
	wait "$pid" || status=$?
	untrap_step
	if ((status != 0)) && why=$(cause "$log"); then
		say "$label: $why"
		return "$status"
	elif ((status != 0)); then
		say "$label: failed with status $status; the end of $(shown "$log"):"
		tail -n 25 "$log" >&2
		return "$status"
	fi
	say "$label: done in $((SECONDS - start)) s"
}

# as_step: makes this subshell a step. A step can run track or make_once again. The outermost shell alone handles SIGINT and
# SIGHUP, because it finds all processes.
as_step() {
	trap '' INT HUP
	trap - TERM
	export TSOFFSET_STEP=${TSOFFSET_STEP:-$step_name}
}

# trap_step COMMAND: sets COMMAND as the trap of a shell that waits for a step. Sets traps to the shell's own ones, for
# untrap_step. Sets step_name, which the processes of the step have in their environment.
# shellcheck disable=SC2064 # COMMAND is quoted
trap_step() {
	traps=$(trap -p INT TERM HUP) step_name=$BASHPID-$EPOCHREALTIME
	trap "$1" TERM
	[[ -n ${TSOFFSET_STEP-} ]] || trap "$1" INT HUP
}

untrap_step() {
	trap - TERM
	[[ -n ${TSOFFSET_STEP-} ]] || trap - INT HUP
	eval "$traps"
}

# end_step [FILE...]: ends the processes of the step that this shell waits for, removes each FILE, and ends this shell. After
# SIGINT, its parents end, too.
end_step() {
	trap '' INT TERM HUP
	end_below
	rm -rf "$@" || :
	trap - INT
	kill -INT "$BASHPID"
	# A shell that ignores SIGINT from its start gets here.
	exit 130
}

# end_below: ends the processes of the step that this shell waits for. SIGTERM lets them clean up for five seconds. Within another
# step, end_below only waits: the outermost shell ends all processes.
# shellcheck disable=SC2317 # traps call it
end_below() {
	local top=$BASHPID processes=() living=() tries begun
	# With the files of another PID namespace in /proc, only the numbers of this shell's own children are known.
	if [[ ! /proc/self -ef /proc/$top ]]; then
		mapfile -t processes < <(jobs -p)
		((${#processes[@]} == 0)) || kill -KILL "${processes[@]}" 2>&- || :
		return 0
	fi
	if [[ -z ${TSOFFSET_STEP-} ]]; then
		# A stopped process makes no other one: no process gets away from its parent.
		for ((tries = 0; tries < 20; tries++)); do
			mapfile -t living < <(below '[^T]' "$top")
			((${#living[@]} > 0)) || break
			kill -STOP "${living[@]}" 2>&- || :
		done
		mapfile -t processes < <(below . "$top")
		kill -TERM "${processes[@]}" 2>&- || :
		kill -CONT "${processes[@]}" 2>&- || :
	fi
	for ((begun = SECONDS; SECONDS - begun < (${TSOFFSET_STEP:+1}0 ? 2 : 10); )); do
		mapfile -t living < <(below . "$top" "${processes[@]}")
		((${#living[@]} > 0)) || break
		((SECONDS - begun < 5)) || kill -KILL "${living[@]}" 2>&- || :
		sleep 0.1
	done
}

# below STATES TOP [PROCESS...]: prints each PROCESS, and the descendants of TOP and of each PROCESS, if their state matches
# STATES. Leaves out the dead, and the processes of this function. The environment tells processes of a step whose parent has ended.
below() {
	local states=$1 orphans=''
	shift
	[[ -z ${step_name-} || -n ${TSOFFSET_STEP-} ]] ||
		orphans=$(grep -lsxz "TSOFFSET_STEP=$step_name" /proc/[0-9]*/environ | tr -cs '0-9' ' ') || :
	{ cat /proc/[0-9]*/stat 2>&- || :; } | awk -v states="$states" -v self="$BASHPID" -v given="$* $orphans" '
		{ pid = $1; sub(/.*\) /, "") }
		$1 !~ /[ZX]/ && pid != self { state[pid] = $1; children[$2] = children[$2] " " pid }
		END {
			last = split(given, queue, " ")
			for (n = 1; n <= last; n++) {
				if (seen[queue[n]]++) continue
				if (n > 1 && state[queue[n]] ~ states) print queue[n]
				count = split(children[queue[n]], child, " ")
				for (i = 1; i <= count; i++) queue[++last] = child[i]
			}
		}'
}

# percent LINES LOG: prints the progress in percent, or nothing if LINES is 0.
percent() {
	local now
	(($1 > 0)) || return 0
	now=$(($(wc -l < "$2") * 100 / $1))
	echo $((now > 99 ? 99 : now))
}

# steps: prints the steps of make run with the seconds of each one, from nothing on two idle processors.
steps() {
	local made="kernel 270"
	! says "${KERNEL-}" '^flavour=' || made="kernel 75"
	printf '%s\n' "toolroot 90" "unpacking 5" "$made" "module 25" "guest 40"
}

# step_of LABEL: prints the step that a label of track belongs to, or nothing.
step_of() {
	case $1 in
	toolroot*) echo toolroot ;;
	*"download and unpack") echo unpacking ;;
	"kernel "*) echo kernel ;;
	"module "*) echo module ;;
	esac
}

# of_whole STEP PERCENT SECONDS: prints the progress of make run in percent. Without a PERCENT, the SECONDS tell.
of_whole() {
	steps | awk -v step="$1" -v percent="$2" -v seconds="$3" '
		{ total += $2 }
		$1 == step {
			part = percent == "" ? seconds / $2 : percent / 100
			done = total - $2 + $2 * (part > 0.99 ? 0.99 : part)
		}
		END { if (total) printf "%d\n", done * 100 / total }'
}

progress_bar() {
	local label=$1 lines=$2 log=$3 pid=$4 start=$5 percent filled bar step='' whole=''
	[[ -z ${WHOLE-} ]] || step=$(step_of "$label")
	while kill -0 "$pid" 2>&-; do
		percent=$(percent "$lines" "$log")
		if [[ -n $step ]]; then
			percent=$(of_whole "$step" "$percent" $((SECONDS - start)))
			whole=" of the whole"
		fi
		bar=
		if [[ -n $percent ]]; then
			filled=$(printf '%*s' $((percent / 4)) '' | tr ' ' '#')
			bar=$(printf '[%-25s] %s' "$filled" "$percent %$whole, ")
		fi
		printf '\r\033[Ktsoffset: %s%s, %s s' "$bar" "$label" "$((SECONDS - start))" >&2
		{ sleep 0.5; } 2>&-
	done
	printf '\r\033[K' >&2
}

progress_lines() {
	local label=$1 lines=$2 log=$3 pid=$4 start=$5 next=$((SECONDS + 30)) percent
	while kill -0 "$pid" 2>&-; do
		if ((SECONDS >= next)); then
			percent=$(percent "$lines" "$log")
			say "$label: ${percent:+$percent %, }$((SECONDS - start)) s"
			next=$((SECONDS + 30))
		fi
		# Without a line about its end by a signal.
		{ sleep 0.2; } 2>&-
	done
}
