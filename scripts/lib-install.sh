# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
#
# What the tests of installing share: sourced with $name, $log and $results set.

record() { printf '%s %s %s: %s\n' "$1" "$2" "$name" "$3" >> "$results"; }

# passes DESCRIPTION COMMAND...: one result; its output is shown where it fails.
passes() {
	local what=$1 file=$log/${1//[^a-zA-Z0-9]/-}
	shift
	if ("$@") > "$file" 2>&1 < /dev/null; then
		record ok 1 "$what"
	else
		tail -n 20 "$file" >&2
		record failed 1 "$what (see $(shown "$file"))"
	fi
}

# fails PATTERN DESCRIPTION COMMAND...: it has to fail, and to say why.
fails() {
	local pattern=$1 what=$2 file=$log/${2//[^a-zA-Z0-9]/-} status=0
	shift 2
	("$@") > "$file" 2>&1 < /dev/null || status=$?
	if ((status != 0)) && grep -qE "$pattern" "$file"; then
		record ok 1 "$what"
	else
		tail -n 20 "$file" >&2
		record failed 1 "$what (status $status, or nothing says '$pattern', see $(shown "$file"))"
	fi
}

# files_of DIRECTORY: everything in it: lines of path, kind, mode, owner and a link's target; and of path and checksum.
files_of() {
	(
		cd "$1" || exit
		find . -mindepth 1 -printf '/%P\t%y %m %u:%g %l\n'
		find . -type f -print0 | xargs -0 --no-run-if-empty sha256sum | sed -E 's|^([^ ]*) [ *]\.(.*)|\2\t\1|'
	) | LC_ALL=C sort
}

# files_in LIST: the files in what files_of printed.
files_in() { awk -F '\t' '$2 ~ /^f / { print $1 }' "$1"; }

# same LIST DIRECTORY: what files_of printed holds; else what has changed.
same() { diff "$1" <(files_of "$2") | sed -nE 's/^[<>] ([^\t]*).*/changed: \1/p' | sort -u | { ! grep . ; }; }
