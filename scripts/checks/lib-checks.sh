# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
#
# The results of checks, and checks that are commands: sourced with $subject, what is checked, and the file $results set. What
# commands say is kept in the directory $log.

# record ok|failed DESCRIPTION [COUNT]
record() { printf '%s %s %s: %s\n' "$1" "${3:-1}" "$subject" "$2" >> "$results"; }

# passes DESCRIPTION COMMAND...: one result; its output is shown where it fails.
passes() {
	local what=$1 file=$log/${1//[^a-zA-Z0-9]/-}
	shift
	if ("$@") > "$file" 2>&1 < /dev/null; then
		record ok "$what"
	else
		tail -n 20 "$file" >&2
		record failed "$what (see $(shown "$file"))"
	fi
}

# fails PATTERN DESCRIPTION COMMAND...: it has to fail, and to say why.
fails() {
	local pattern=$1 what=$2 file=$log/${2//[^a-zA-Z0-9]/-} status=0
	shift 2
	("$@") > "$file" 2>&1 < /dev/null || status=$?
	if ((status != 0)) && grep -qE "$pattern" "$file"; then
		record ok "$what"
	else
		tail -n 20 "$file" >&2
		record failed "$what (status $status, or nothing says '$pattern', see $(shown "$file"))"
	fi
}
