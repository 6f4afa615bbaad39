# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
#
# Records results of checks, and runs commands as checks. A script sources this file with $subject (the name of the tested
# subject), $results (a file) and $log set. The output of commands goes to files in the directory $log.

# record ok|failed DESCRIPTION [COUNT]: appends one result to $results.
record() { printf '%s %s %s: %s\n' "$1" "${3:-1}" "$subject" "$2" >> "$results"; }

# passes DESCRIPTION COMMAND...: expects COMMAND to succeed. A failure prints the end of COMMAND's output.
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

# fails PATTERN DESCRIPTION COMMAND...: expects COMMAND to fail with output that matches PATTERN.
fails() {
	local pattern=$1 what=$2 file=$log/${2//[^a-zA-Z0-9]/-} status=0
	shift 2
	("$@") > "$file" 2>&1 < /dev/null || status=$?
	if ((status != 0)) && grep -qE "$pattern" "$file"; then
		record ok "$what"
	else
		tail -n 20 "$file" >&2
		record failed "$what (status $status, or no line matches '$pattern', see $(shown "$file"))"
	fi
}
