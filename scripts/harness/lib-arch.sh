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
