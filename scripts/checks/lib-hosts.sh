# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
#
# Hosts for tests of scripts/harness/enter. A host is an overlay above the toolroot with the packages that the harness requires, and
# has its own mount, PID and network namespaces. Its network leads nowhere. A script sources this file after scripts/lib.sh and
# scripts/checks/lib-checks.sh with $scratch set, in a mount namespace of its own.

tools=$("$PROJECT/scripts/harness/unpacked" --with-depends hosts bubblewrap mmdebstrap uidmap bindfs fusefat dosfstools fuse3)
toolroot_name=$(basename "$(CACHE=/ "$PROJECT/scripts/harness/toolroot" path checks)")

# The first process of a host. Its arguments are a directory, commands that change the host, and the user's command.
cat > "$scratch/boot" << 'END'
set -euo pipefail
system=$1 setup=$2
shift 2
mkdir -p "$system"
mount -t tmpfs tmpfs "$system"
mkdir "$system"/{upper,work,root}
mount -t overlay host -o "lowerdir=$TOOLS:/,upperdir=$system/upper,workdir=$system/work" "$system/root"
cd "$system/root"
mkdir -p home/user toolroot old
mount --bind / toolroot
mount --rbind /project project
mount --rbind /dev dev
pivot_root . old
mount -t proc proc /proc
umount --lazy /old
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /run
mount -t tmpfs -o mode=1777 tmpfs /cache
echo user:x:1000:1000::/home/user:/bin/bash >> /etc/passwd
echo user:x:1000: >> /etc/group
echo user:100000:65536 | tee /etc/subuid > /etc/subgid
chown 1000:1000 /home/user
chmod 700 /home/user
# with_toolroot DIRECTORY: makes DIRECTORY a cache with the toolroot.
with_toolroot() {
	mkdir -p "$1/$TOOLROOT_NAME"
	mount --bind /toolroot "$1/$TOOLROOT_NAME"
}
as_user=(setpriv --reuid 1000 --regid 1000 --clear-groups --inh-caps=-all --bounding-set=-all env HOME=/home/user)
# bwrap keeps programs from gaining privileges, also the setuid newuidmap. This process runs newuidmap with the privileges that it
# has elsewhere, for a client of the same name.
mkfifo -m 666 /run/requests
exec {requests}<> /run/requests
for name in newuidmap newgidmap; do
	mv "/usr/bin/$name" "/usr/libexec/$name"
	printf '%s\n' '#!/bin/bash' 'reply=$(mktemp --dry-run) && mkfifo "$reply" && echo "${0##*/} $reply $*" > /run/requests' \
		'read -r status < "$reply" && rm "$reply" && exit "$status"' > "/usr/bin/$name"
	chmod 755 "/usr/bin/$name"
done
while read -r -u "$requests" name reply arguments; do
	status=0
	setpriv --reuid 1000 --regid 1000 --clear-groups --inh-caps=-all,+setuid,+setgid --ambient-caps=+setuid,+setgid \
		"/usr/libexec/$name" $arguments || status=$?
	echo "$status" > "$reply"
done &
eval "$setup"
cd /project
# Not exec: the first process of a namespace would ignore signals.
"$@"
END

# on COMMANDS COMMAND...: runs COMMAND on a new host that the shell's COMMANDS have changed before.
on() {
	timeout 300 unshare --mount --pid --net --fork --kill-child env --ignore-environment PATH=/usr/sbin:/usr/bin HOME=/root LANG=C.UTF-8 \
		MIRROR=http://127.0.0.1:9 TOOLS="$tools" TOOLROOT_NAME="$toolroot_name" TMPDIR=/tmp \
		bash "$scratch/boot" "$scratch/host" "$@"
}

# says_once LINE-PATTERN COMMANDS COMMAND...: expects COMMAND to fail on such a host, with one line that matches, apart from the lines
# that tell a step.
says_once() {
	local pattern=$1 status=0
	shift
	on "$@" > "$scratch/said" 2>&1 || status=$?
	cat "$scratch/said"
	grep -vE ' \.\.\.$|: updating the package lists$|: installing ' "$scratch/said" > "$scratch/complaint" || :
	((status != 0)) && (($(wc -l < "$scratch/complaint") == 1)) && grep -qE "^tsoffset: .*$pattern" "$scratch/complaint"
}
