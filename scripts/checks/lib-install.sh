# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
#
# Common functions of the installation tests. A script sources this file with $name, $log and $results set.

subject=$name
# shellcheck source=scripts/checks/lib-checks.sh
. "$PROJECT/scripts/checks/lib-checks.sh"

# files_of DIRECTORY: lists the contents of DIRECTORY. One line has path, type, mode, owner and link target; another has
# path and checksum.
files_of() {
	(
		cd "$1" || exit
		find . -mindepth 1 -printf '/%P\t%y %m %u:%g %l\n'
		find . -type f -print0 | xargs -0 --no-run-if-empty sha256sum | sed -E 's|^([^ ]*) [ *]\.(.*)|\2\t\1|'
	) | LC_ALL=C sort
}

# files_in LIST: prints the paths of the regular files in LIST, which files_of printed.
files_in() { awk -F '\t' '$2 ~ /^f / { print $1 }' "$1"; }

# same LIST DIRECTORY: compares DIRECTORY with LIST, which files_of printed. Prints the paths that differ.
same() { diff "$1" <(files_of "$2") | sed -nE 's/^[<>] ([^\t]*).*/changed: \1/p' | sort -u | { ! grep . ; }; }
