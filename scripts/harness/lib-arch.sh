# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# What the scripts have to know of the architectures that kernels are built for; how a machine of each is emulated is
# in scripts/harness/machine.py. Sourced after scripts/lib.sh.

# architecture NAME: sets these names for it. NAME is ARCH= of the kernel's Makefile.
architecture() {
	arch=$1
	case $arch in
	x86) boot_image=arch/x86/boot/bzImage debian_arch=amd64 triplet=x86_64-linux-gnu rust_target=x86_64-unknown-linux-gnu ;;
	arm64) boot_image=arch/arm64/boot/Image debian_arch=arm64 triplet=aarch64-linux-gnu rust_target=aarch64-unknown-linux-gnu ;;
	*) die "no architecture '$arch'; there are: x86 arm64" ;;
	esac
}

# architecture_of KERNEL-DIRECTORY: the same, for a kernel from scripts/harness/kernel.
architecture_of() {
	if grep --quiet --line-regexp CONFIG_ARM64=y "$1/build/.config"; then
		architecture arm64
	else
		architecture x86
	fi
}

# foreign: whether it is not that of the toolroot, whose programs cannot run in such a guest.
foreign() { [[ $debian_arch != "$(dpkg --print-architecture)" ]]; }
