# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
#
# A system with Debian's kernel for installation tests, and a guest that boots its kernel. The system is an overlay above
# the toolroot, which stays unchanged. A script sources this file after scripts/lib.sh with $name, $results and $log set.
# The script needs its own mount namespace (unshare --mount). An exit trap removes the system.

# shellcheck source=scripts/harness/lib-archive.sh
. "$PROJECT/scripts/harness/lib-archive.sh"
# shellcheck source=scripts/checks/lib-install.sh
. "$PROJECT/scripts/checks/lib-install.sh"
# shellcheck source=scripts/harness/lib-guest.sh
. "$PROJECT/scripts/harness/lib-guest.sh"

kernel=$("$PROJECT/scripts/harness/kernel" "$name")
release=$(basename "$(readlink -f "$kernel/modules")")
read -r package version _ < <("$PROJECT/scripts/harness/kernel" version "$name")
suite=$(read_file "$name" && echo "$suite")
mkdir -p "$log"
# In memory, 3 GB: a disk can take minutes to delete as many files.
scratch=$(mktemp -d)
system=$scratch/system

clean_up() {
	! mountpoint --quiet "$system" || umount --recursive --lazy "$system"
	rm -rf "$scratch"
}
trap clean_up EXIT

# mount_system LAYER [BELOW]: mounts $system, which is the toolroot below the layer BELOW below the writable LAYER.
mount_system() {
	local name
	mkdir -p "$1"/{upper,work} "$system"
	mount -t overlay system -o "lowerdir=${2:+$2/upper:}/,upperdir=$1/upper,workdir=$1/work" "$system" ||
		die "cannot mount the overlay: it requires root, a toolroot, and a cache on a file system that supports overlays"
	for name in dev proc; do
		mount --rbind "/$name" "$system/$name"
	done
	for name in run tmp; do
		mount -t tmpfs tmpfs "$system/$name"
	done
}

umount_system() { umount --recursive "$system"; }

# in_system COMMAND...: runs COMMAND in the system. INITRD=No keeps packages from making an initramfs, which would fit the
# host, not the guest.
in_system() {
	chroot "$system" env --ignore-environment PATH=/usr/sbin:/usr/bin HOME=/root LANG=C.UTF-8 \
		DEBIAN_FRONTEND=noninteractive INITRD=No "$@"
}

# apt_in_system COMMAND...: runs apt-get in the system with packages that are already downloaded.
apt_in_system() { in_system apt-get -qq --yes --no-install-recommends -o APT::Sandbox::User=root "$@"; }

# Prints "package=version" of a kernel with headers and source, and of their dependencies that the toolroot lacks.
kernel_packages() {
	apt_own apt-get install --simulate --no-install-recommends "linux-base/$suite" "linux-image-$release=$version" \
		"linux-headers-$release=$version" "$package=$version" tiny-initramfs |
		sed -nE 's/^Inst ([^ ]+) (\[[^]]*\] )?\(([^ ]+) .*/\1=\3/p'
}

# install_kernel LAYER: installs the kernel with apt. DKMS generates its key here once, because no check tests the key's
# generation.
install_kernel() {
	local layer=$1 all files status=0
	mapfile -t all < <(kernel_packages)
	((${#all[@]})) || return
	download "$layer/packages" "${all[@]}" || return
	mount_system "$layer"
	mount --bind "$layer/packages" "$system/mnt"
	mapfile -t files < <(cd "$layer/packages" && printf '/mnt/%s\n' *.deb)
	apt_in_system install "${files[@]}" || status=$?
	in_system dkms generate_mok || status=$?
	umount_system
	rm -rf "$layer/packages"
	return "$status"
}

# Mounts $system with the kernel installed. Changes go to $scratch, which the exit trap removes.
open_system() {
	local kernel_layer
	kernel_layer=$CACHE/system/$({ dpkg-query --show; cat "$PROJECT/scripts/checks/lib-system.sh"; } | digest "$release" "$version")
	# shellcheck disable=SC2317 # make_recent calls it
	install_tracked() { track "system with linux-image-$release" 0 "$CACHE/log/system" install_kernel "$1"; }
	make_recent "$kernel_layer" install_tracked
	mount_system "$scratch/layer" "$kernel_layer"
	system_files > "$scratch/before"
}

# Lists path, type, mode, owner and size of every file. Omits logs, caches, apt's lists and dpkg's backup and lock files.
system_files() {
	(cd "$system" && find . -xdev \( -path ./var/log -o -path ./var/cache -o -path ./var/lib/apt -o -name '*-old' \
		-o -path ./var/lib/dpkg/lock\* \) -prune -o ! -type d -printf '/%P\t%y %m %u:%g %s %l\n' \
		-o -printf '/%P\t%y %m %u:%g\n' | LC_ALL=C sort)
}

nothing_left() { diff "$scratch/before" <(system_files); }

# The control: nothing_left must fail when a file is left.
something_left() {
	local status=0
	mkdir -p "$system/etc/modprobe.d"
	touch "$system/etc/modprobe.d/tsoffset.conf"
	nothing_left || status=$?
	rm "$system/etc/modprobe.d/tsoffset.conf"
	return "$status"
}

# boot_system RUN PATTERN DESCRIPTION SCRIPT [ARGUMENT...]: does what "must 0" does, in a guest that boots the system's
# kernel. The guest has the system's module lists, its modprobe.d, the installed module, liblzma, which kmod requires to decompress
# the module, and the files of $scratch/guest.
boot_system() {
	local booted=${booted-} above=$scratch/image kernel_of_system=$scratch/kernel of=$kernel image=$scratch/initramfs lzma file
	rm -rf "$above"
	mkdir -p "$above/etc/modprobe.d" "$above/lib/modules/$release" "$kernel_of_system"
	cp "$system/lib/modules/$release/vmlinuz" "$kernel_of_system/"
	install -D -m 644 "$system/boot/config-$release" "$kernel_of_system/build/.config"
	cp "$system/lib/modules/$release"/modules.* "$above/lib/modules/$release/"
	cp -r "$system/etc/modprobe.d" "$above/etc/"
	for file in "$system/lib/modules/$release"/updates/{,dkms/}tsoffset.ko.xz; do
		[[ ! -e $file ]] || install -D -m 644 "$file" "$above${file#"$system"}"
	done
	[[ ! -d $scratch/guest ]] || cp -r "$scratch/guest/." "$above/"
	lzma=$(find /usr/lib -name 'liblzma.so.5' -print -quit)
	install -D "$(readlink -f "$lzma")" "$above$lzma"
	{
		cat "$("$PROJECT/scripts/harness/image" --without-module ${booted:+--packages "$booted"} "$of")"
		# The kernel unpacks concatenated archives one after the other.
		(cd "$above" && find . -print0 | sort --zero-terminated |
			cpio --null --create --format=newc --quiet) | gzip -1
	} > "$image"
	local kernel=$kernel_of_system
	must 0 "$@"
}
