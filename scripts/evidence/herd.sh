#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Prints how to run herd7, a word a line. Debian has it in sid only and linked against sid's libc, so it
# is unpacked with that libc into the cache and run by its own loader; nothing of it gets into the
# toolroot. Runs in the toolroot.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$PROJECT/scripts/lib.sh"

sid=$CACHE/apt-sid
apt_sid() {
	mkdir -p "$sid/lists/partial" "$sid/archives/partial"
	# The toolroot's own sources, or those of a host that stands in for it.
	{ grep -s '^deb ' /etc/apt/sources.list || "$PROJECT/scripts/toolroot" sources; } |
		awk '$3 == "trixie" { $3 = "sid"; print }' > "$sid/sources.list"
	"$1" -o Dir::Etc::SourceList="$sid/sources.list" -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists="$sid/lists" \
		-o Dir::Cache="$sid" -o APT::Sandbox::User=root -o Debug::NoLocking=true -qq "${@:2}"
}

unpack() {
	local into=$1 deb
	apt_sid apt-get update || return
	(cd "$into" && apt_sid apt-get download herdtools7 libc6 libgmp10) || return
	for deb in "$into"/*.deb; do
		dpkg-deb --extract "$deb" "$into/root" || return
		rm "$deb"
	done
}

root=$CACHE/herdtools7
fetch() { track "herdtools7" 0 "$CACHE/log/herdtools7" unpack "$1"; }
make_once "$root" fetch
library=$(dirname "$(find "$root/root" -name 'libc.so.6' | head -n 1)")
printf '%s\n' "$(find "$library" -name 'ld-linux*.so.*' | head -n 1)" --library-path "$library" \
	"$root/root/usr/bin/herd7" -set-libdir "$root/root/usr/share/herdtools7/herd"
