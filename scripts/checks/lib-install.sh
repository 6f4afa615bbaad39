# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
#
# What the tests of installing share: sourced with $name, $log and $results set.

subject=$name
# shellcheck source=scripts/checks/lib-checks.sh
. "$PROJECT/scripts/checks/lib-checks.sh"

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
