# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Long steps, their logs and their progress. scripts/lib.sh sources this file.

# track LABEL LINES LOG COMMAND...
#
# Runs COMMAND with its output in LOG and shows its progress. LINES is the expected number of lines in LOG (0: unknown).
# A terminal shows a bar; with WHOLE set, the bar covers all steps of the command. Without a terminal, or with ONE_OF_MANY set,
# a line appears every 30 seconds. If COMMAND fails, track prints the reason in one line, if the reason is the host. Otherwise track
# prints the end of LOG and its path.
track() {
	local label=$1 lines=$2 log=$3 start=$SECONDS pid status=0 why
	shift 3
	mkdir -p "$(dirname "$log")"
	"$@" > "$log" 2>&1 < /dev/null &
	pid=$!
	if [[ -t 2 && -z ${ONE_OF_MANY-} ]]; then
		progress_bar "$label" "$lines" "$log" "$pid" "$start"
	else
		say "$label ..."
		progress_lines "$label" "$lines" "$log" "$pid" "$start"
	fi
	wait "$pid" || status=$?
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
		sleep 0.5
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
		sleep 0.2
	done
}
