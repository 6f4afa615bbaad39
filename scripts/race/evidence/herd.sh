#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Prints the command for herd7, one word a line. Only Debian sid has herd7, linked against sid's libc. The cache has both, unpacked, and
# the loader of that libc runs herd7. The toolroot stays unchanged. Runs in the toolroot.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$PROJECT/scripts/lib.sh"
# shellcheck source=scripts/harness/lib-archive.sh
. "$PROJECT/scripts/harness/lib-archive.sh"

# shellcheck disable=SC2034 # apt_own takes it
apt_suite=sid

unpack() {
	update_lists && download "$1/debs" herdtools7 libc6 libgmp10 && extract "$1/debs" "$1/root"
}

root=$CACHE/herdtools7
fetch() { track "herdtools7" 0 "$CACHE/log/herdtools7" unpack "$1"; }
make_once "$root" fetch
library=$(dirname "$(find "$root/root" -name 'libc.so.6' | head -n 1)")
printf '%s\n' "$(find "$library" -name 'ld-linux*.so.*' | head -n 1)" --library-path "$library" \
	"$root/root/usr/bin/herd7" -set-libdir "$root/root/usr/share/herdtools7/herd"
