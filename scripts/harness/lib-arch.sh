# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# Names of the kernels' architectures. scripts/harness/machine.py has the emulated machine of each architecture. A script
# sources this file after scripts/lib.sh.

# architecture NAME: sets the variables arch, boot_image, debian_arch, triplet and rust_target. NAME is ARCH= of the kernel's
# Makefile.
architecture() {
	arch=$1
	case $arch in
	x86) boot_image=arch/x86/boot/bzImage debian_arch=amd64 triplet=x86_64-linux-gnu rust_target=x86_64-unknown-linux-gnu ;;
	arm64) boot_image=arch/arm64/boot/Image debian_arch=arm64 triplet=aarch64-linux-gnu rust_target=aarch64-unknown-linux-gnu ;;
	*) die "no architecture '$arch'; there are: x86 arm64" ;;
	esac
}

# host_architecture: prints the toolroot's architecture, by its name in the kernel.
host_architecture() {
	local name
	name=$(dpkg --print-architecture)
	case $name in
	amd64) echo x86 ;;
	arm64) echo arm64 ;;
	*) die "this machine's architecture is $name; the harness knows amd64 and arm64" ;;
	esac
}

# architecture_of KERNEL-DIRECTORY: sets the same variables for a kernel from scripts/harness/kernel.
architecture_of() {
	if grep --quiet --line-regexp CONFIG_ARM64=y "$1/build/.config"; then
		architecture arm64
	else
		architecture x86
	fi
}

# foreign: succeeds if the architecture differs from the toolroot's. The toolroot's programs cannot run in such a guest.
foreign() { [[ $debian_arch != "$(dpkg --print-architecture)" ]]; }

# use_gcc: sets the environment of make for a kernel of that architecture that gcc builds as Debian does. Debian's cross compilers
# come from packages, which the cache has unpacked. They find their own programs there, but not their libraries.
use_gcc() {
	local wanted=() root script
	! foreign || wanted+=("gcc-$(gcc -dumpversion)-${triplet//_/-}" "libc6-dev-$debian_arch-cross")
	# The vDSO of 32-bit programs is a part of the kernel's configuration.
	[[ $arch != arm64 ]] || wanted+=(gcc-arm-linux-gnueabihf)
	((${#wanted[@]})) || return 0
	root=$("$PROJECT/scripts/harness/unpacked" --with-depends "compiler-$arch" "${wanted[@]}")
	# This linker script has the directory where a package is installed. Names alone are looked for in the linker's directories.
	script=$root/usr/$triplet/lib/libc.so
	[[ ! -e $script ]] || ! grep --quiet " /usr/" "$script" || sed -i "s| /usr/$triplet/lib/| |g" "$script"
	PATH=$root/usr/bin:$PATH LD_LIBRARY_PATH=$root/usr/lib/$(gcc -dumpmachine)
	export ARCH=$arch PATH LD_LIBRARY_PATH
	! foreign || export CROSS_COMPILE=$triplet-
	[[ $arch != arm64 ]] || export CROSS_COMPILE_COMPAT=arm-linux-gnueabihf-
}
