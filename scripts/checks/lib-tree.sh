# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154
#
# Small directories that look like the source of a kernel. No check builds them. A script sources this file with $results and $subject
# set. $scratch is the check's own directory, and has a cache and a home.

# shellcheck source=scripts/checks/lib-checks.sh
. "$PROJECT/scripts/checks/lib-checks.sh"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
log=$CACHE/log/test-$subject
mkdir -p "$log"
export HOST_ROOT='' HOST_PWD=$scratch CACHE=$scratch/cache HOME=$scratch
mkdir -p "$CACHE/tree"
git config --global user.name test
git config --global user.email test@example.org
git config --global init.defaultBranch main

store=net/ipv6/tcp_ipv6.c

# a_tree DIRECTORY: makes the files that scripts/harness/tree requires of a kernel.
a_tree() {
	mkdir -p "$1/net/ipv6" "$1/init"
	touch "$1/Kconfig" "$1/init/Kconfig"
	printf 'int tcp_v6_connect(void)\n{\n%s\n\ttp->tsoffset = st.ts_off;\n%s\n}\n' \
		"$(seq 20 | sed 's|.*|\tline(&);|')" "$(seq 30 40 | sed 's|.*|\tline(&);|')" > "$1/$store"
}

# a_repository DIRECTORY [OPTION...]: makes a repository with the commit "first", of the files in DIRECTORY, or of a_tree. The options
# are those of git init.
a_repository() {
	[[ -e $1/Kconfig ]] || a_tree "$1"
	git -C "$1" init --quiet "${@:2}" && git -C "$1" add . && git -C "$1" commit --quiet -m first
}

# refused MESSAGE COMMAND...: expects COMMAND to fail with output that matches MESSAGE.
refused() {
	local message=$1 said
	shift
	if said=$("$@" 2>&1); then
		echo "$* did not fail"
		return 1
	fi
	grep -qE -- "$message" <<< "$said" || { echo "$said"; return 1; }
}

# nothing_half_made: succeeds if no failed step has left a file in the cache.
nothing_half_made() { [[ -z $(find "$CACHE" -mindepth 2 -maxdepth 2 \( -name '*.new' -o -name '*.lock' \) -print | tee /dev/stderr) ]]; }

# copied [COMMIT]: copies $TREE, and prints the copy.
copied() { "$PROJECT/scripts/harness/tree" "$@"; }

# patch_of EXPRESSION: prints the patch that sed's EXPRESSION makes of the file with the store.
patch_of() {
	rm -rf "$scratch/patch"
	mkdir "$scratch/patch"
	a_tree "$scratch/patch/a"
	cp -r "$scratch/patch/a" "$scratch/patch/b"
	sed -i -E "$1" "$scratch/patch/b/$store"
	diff -ru --label "a/$store" --label "b/$store" "$scratch/patch/a/$store" "$scratch/patch/b/$store" || :
}
fix='s/(tp->tsoffset) = (.*);/WRITE_ONCE(\1, \2);/'

# applies HOW TREE: expects PATCH to apply to TREE, with the word HOW in the result.
applies() {
	local patched
	patched=$("$PROJECT/scripts/race/patched" "$2") || return
	[[ $(< "$patched/applies") == "$1"* ]] || { cat "$patched/applies"; return 1; }
	if [[ $1 != already ]]; then
		grep -q 'WRITE_ONCE(tp->tsoffset' "$patched/source/$store" && ! grep -q WRITE_ONCE "$2/$store"
	fi
}
