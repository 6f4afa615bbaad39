# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The Rust compiler of a kernel whose file in kernels/ has rust=SUITE: Debian's of that suite, beside the toolroot's own. A
# script sources this file after scripts/lib.sh, in the toolroot.

# rust_tools SUITE: prints the directory of the cache with SUITE's compiler, its library's source and clippy.
rust_tools() {
	"$PROJECT/scripts/harness/unpacked" --with-depends "rust-$1" "rustc/$1" "rust-src/$1" "rust-clippy/$1" \
		"libstd-rust-dev/$1"
}

# use_rust KERNEL-DIRECTORY: puts the compiler of that kernel ahead of the toolroot's, for the commands that follow.
use_rust() {
	local tools libraries
	[[ -d $1/rust ]] || return 0
	tools=$(realpath "$1/rust")
	libraries=$(printf '%s:' "$tools"/usr/lib/*-linux-gnu)
	export PATH=$tools/usr/bin:$PATH LD_LIBRARY_PATH=${libraries%:}
}
