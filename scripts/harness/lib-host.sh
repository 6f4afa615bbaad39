# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The requirements of a run on its host. Where the host lacks something, a must_ function ends the script with one line, which says what
# to do. A script sources this file after scripts/lib.sh, on the host.

# derives_from NAME: succeeds if the host is the distribution NAME, or derives from it.
derives_from() {
	# shellcheck source=/dev/null
	[[ " $(. /etc/os-release 2>&- && echo "${ID-} ${ID_LIKE-}") " == *" $1 "* ]]
}

# how_to_install PACKAGE: prints how the user installs PACKAGE on the host.
how_to_install() {
	if derives_from debian; then
		echo "as root: apt-get install $1"
	elif derives_from fedora; then
		echo "as root: dnf install $1, or use a container: make container"
	else
		echo "install $1, or use a container: make container"
	fi
}

# must_have COMMAND PACKAGE: installs PACKAGE if COMMAND is missing, on a host with apt and as root.
must_have() {
	command -v "$1" > /dev/null && return
	{ ((EUID == 0)) && derives_from debian; } || die "$1 is missing; $(how_to_install "$2")"
	say "installing $2"
	apt_get install "$2"
}

# apt_get ARGUMENT...: runs apt-get. On failure, updates the package lists and tries again: a fresh system can have old lists
# or none.
apt_get() {
	local log=$CACHE/apt.log why
	export DEBIAN_FRONTEND=noninteractive
	apt-get -qq -y --no-install-recommends "$@" > "$log" 2>&1 && return
	{ apt-get -q update && apt-get -qq -y --no-install-recommends "$@"; } > "$log" 2>&1 && return
	! why=$(cause "$log") || die "apt-get $*: $why"
	tail -n 5 "$log" >&2
	die "apt-get $* failed"
}

# must_know_a_mirror: the host's package lists tell the mirror of Debian, unless MIRROR= names one.
must_know_a_mirror() {
	[[ -z ${MIRROR-} ]] || return 0
	command -v apt-get > /dev/null || die "this host has no apt, whose mirror of Debian would do; name one with MIRROR=URL"
	[[ -z $(apt-get indextargets 'Created-By: Packages') ]] || return 0
	((EUID == 0)) || die "apt has no package lists; as root: apt-get update"
	apt_get update
}

# must_have_keys: with these keys, apt verifies Debian's signatures. Other distributions have them in a package.
must_have_keys() {
	local keys=/usr/share/keyrings/debian-archive-keyring.gpg
	[[ ! -e $keys ]] || return 0
	{ ((EUID == 0)) && derives_from debian; } || die "Debian's keys are missing ($keys); $(how_to_install debian-archive-keyring)"
	say "installing debian-archive-keyring"
	apt_get install debian-archive-keyring
}

# must_allow_namespaces: tries the namespaces and mounts of a run. Requires bwrap. A rule of AppArmor can allow them to bwrap alone, and
# unshare makes the toolroot.
must_allow_namespaces() {
	local said user=() maps=() name
	((EUID == 0)) || user=(--unshare-user --uid 0 --gid 0) maps=(--user --map-root-user)
	said=$(bwrap --unshare-pid --unshare-ipc --cap-add ALL "${user[@]}" --ro-bind / / --dev-bind /dev /dev --proc /proc \
		--tmpfs /tmp true 2>&1) && said=$(unshare "${maps[@]}" --mount --pid --fork true 2>&1) && return
	said=${said##*$'\n'}
	((EUID != 0)) || die "root may not mount here ($said); start this container with --privileged, or see docs/hosts.md"
	for name in user.max_user_namespaces=0/15000 kernel.unprivileged_userns_clone=0/1 kernel.apparmor_restrict_unprivileged_userns=1/0; do
		is_set "${name%/*}" || continue
		die "${name%/*} keeps ordinary users from making user namespaces; use root, or as root: sysctl ${name%=*}=${name##*/}"
	done
	die "an ordinary user may not make user namespaces here ($said); use root, or see docs/hosts.md"
}

# is_set NAME=VALUE: succeeds if the sysctl has that value.
is_set() {
	local file=${1%=*}
	file=/proc/sys/${file//./\/}
	[[ -r $file && $(< "$file") == "${1#*=}" ]]
}

# as_root: the command prefix with which an ordinary user is root of a user namespace, with the subordinate ids as other users.
as_root=()
((EUID == 0)) || as_root=(unshare --user --map-auto --map-root-user)

# must_have_user_ids: the files of the toolroot have several owners.
must_have_user_ids() {
	local said ids me
	if ((EUID == 0)); then
		ids=$(ids_of uid)
		((ids >= 65536)) || die "root of this container has only $ids user ids; 65536 are needed (docs/hosts.md)"
		return
	fi
	me=$(id -un)
	must_have newuidmap "$(package_of_newuidmap)"
	said=$("${as_root[@]}" true 2>&1) || die "$me has no subordinate ids (${said##*$'\n'});" \
		"as root: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 $me"
	for said in uid gid; do
		ids=$("${as_root[@]}" bash -c "$(declare -f ids_of); ids_of $said")
		((ids >= 65536)) || die "$me has only $ids ids with those of /etc/sub$said; 65536 are needed:" \
			"as root, give the first line of $me a range of 65536, as in $me:100000:65536"
	done
}

# ids_of uid|gid: prints how many ids the user namespace of this process has.
ids_of() { awk '{ ids += $3 } END { printf "%d", ids }' "/proc/self/$1_map"; }

# package_of_newuidmap: prints the name of its package on the host.
package_of_newuidmap() {
	if derives_from debian; then
		echo uidmap
	elif derives_from fedora; then
		echo shadow-utils
	else
		echo shadow
	fi
}

# find_cache: sets CACHE, unless the user did.
find_cache() {
	[[ -n ${CACHE-}${XDG_CACHE_HOME-}${HOME-} ]] || die "HOME is not set; name a directory: CACHE=DIRECTORY"
	: "${CACHE:=${XDG_CACHE_HOME:-$HOME/.cache}/tsoffset}"
}

# share_cache: runs share the cache. clean-cache requires it exclusively.
share_cache() {
	exec {cache_lock}> "$CACHE/lock"
	flock --shared --nonblock "$cache_lock" || die "$CACHE is being removed by clean-cache"
}

# must_be_a_directory: makes CACHE. Sets CACHE to its path.
must_be_a_directory() {
	local said other="name another directory: CACHE=DIRECTORY"
	said=$(mkdir -p -- "$CACHE" 2>&1) || die "CACHE: ${said#mkdir: }; $other"
	CACHE=$(readlink -f -- "$CACHE")
	[[ -w $CACHE ]] || die "CACHE: $(id -un) cannot write to $CACHE; $other"
	(($(room "$CACHE") >= 20)) || die "CACHE: $(too_little_room)"
}

# must_hold_a_system [host]: tries in CACHE files like those of the toolroot and of kernel sources. With TOOLROOT=host, there is no
# toolroot, whose files have several owners.
must_hold_a_system() {
	local said try=("${as_root[@]}" bash -c)
	[[ ${1-} != host ]] || try=(bash -c)
	# Ctrl-C leaves no directory.
	said=$("${try[@]}" "$(declare -f try_files); trap 'rm -rf -- \"\$1\"' EXIT; try_files \"\$@\"" - "$CACHE/probe.$$" "$@" 2>&1) && return
	said=${said##*$'\n'}
	die "CACHE: the file system of $CACHE ($(stat --file-system --format=%T -- "$CACHE")) ${said##*$'\n'}; name a directory on another one: CACHE=DIRECTORY"
}

# try_files DIRECTORY [host]: makes DIRECTORY with a file. Prints the operation that the file system rejects. With host, tries no
# other owner.
try_files() {
	local lacks=''
	mkdir -- "$1" && printf '#!/bin/sh\n' > "$1/file" || return
	if [[ -e $1/FILE ]]; then
		lacks="ignores the case of names"
	elif ! chmod 755 "$1/file"; then
		lacks="does not keep the modes of files"
	elif ! "$1/file"; then
		lacks="is mounted noexec"
	elif [[ ${2-} != host ]] && { ! chown 1:1 "$1/file" || [[ $(stat --format=%u:%g "$1/file") != 1:1 ]]; }; then
		lacks="does not keep the owners of files"
	fi
	[[ -z $lacks ]] || { echo "$lacks" && false; }
}

# find_repository PROJECT: if PROJECT's .git is a file that leads to a repository, sets repository to it, and git_directory to the
# work tree's part of it: a path below repository, or nothing. Fails otherwise.
find_repository() {
	local link
	[[ -f $1/.git ]] && link=$(sed -n 's/^gitdir: //p' "$1/.git") && [[ -n $link ]] || return
	[[ $link == /* ]] || link=$1/$link
	link=$(realpath -m -- "$link")
	repository=$link
	if [[ -f $link/commondir ]]; then
		repository=$(cd -- "$link" && realpath -m -- "$(< commondir)")
	fi
	git_directory=${link#"$repository"}
	[[ -d $repository/objects && ${git_directory:-/} == /* ]]
}
