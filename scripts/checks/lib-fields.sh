# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
#
# The tests of scripts/fields source this file with $subject and $results set. It compiles the small file of pasted.py in $scratch/build,
# and sets $scratch (removed at the exit), $reader (the reader of accesses) and Python's paths.

# shellcheck source=scripts/checks/lib-checks.sh
. "$PROJECT/scripts/checks/lib-checks.sh"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
log=$CACHE/log/test-$subject
mkdir -p "$log"
tools=$("$PROJECT/scripts/harness/unpacked" audit python3-clang-19)
# shellcheck disable=SC2034 # for the scripts
reader=$("$PROJECT/scripts/audit/built-reader")
export PYTHONPATH=$PROJECT/scripts:$PROJECT/scripts/checks:$PROJECT/scripts/race:$PROJECT/scripts/harness:$tools/usr/lib/python3/dist-packages
export PYTHONDONTWRITEBYTECODE=1 LD_LIBRARY_PATH=/usr/lib/llvm-19/lib

# refused MESSAGE COMMAND...: expects status 2, and one line that matches MESSAGE.
refused() {
	local message=$1 status=0
	"${@:2}" > "$scratch/said" 2>&1 || status=$?
	cat "$scratch/said"
	((status == 2)) && [[ $(grep -cv 'files read, ' "$scratch/said") == 1 ]] && grep -qE "$message" "$scratch/said"
}

python3 -m pasted --build "$scratch/build"
