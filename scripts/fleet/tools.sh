#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Prints a directory with Debian's promtool, prometheus-node-exporter and systemd-analyze, unpacked into the cache:
# installed, they would bring users and services into the toolroot. Runs in the toolroot.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$PROJECT/scripts/lib.sh"

packages=(promtool prometheus-node-exporter systemd libsystemd-shared)
download() { apt_own apt-get download "${packages[@]}"; }

unpack() {
	local deb
	cd "$1" || return
	# What the lists name may be gone from the archive.
	download || { update_lists && download; } || return
	for deb in *.deb; do
		dpkg-deb --extract "$deb" . || return
		rm "$deb"
	done
}

tools=$CACHE/fleet-$(digest "${packages[@]}" < "$0")
fetch() { track "promtool, node exporter, systemd-analyze" 0 "$CACHE/log/fleet-tools" unpack "$1"; }
make_once "$tools" fetch
echo "$tools"
