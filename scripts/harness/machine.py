# SPDX-License-Identifier: GPL-2.0
"""The machines that guests are, one for each architecture: QEMU's command line, and what is too little memory.

Each has three serial ports: one is the kernel's console; what the others are called in the guest, the one
for what the task prints and the one for the verdict, is told on the kernel's command line.
"""

import os
import pathlib
import shutil
import struct
import subprocess
import tempfile


class X86:
    """A PC without PCI devices."""

    qemu, package = "qemu-system-x86_64", "qemu-system-x86"
    console, ports = "ttyS0,115200", "ttyS1,ttyS2"
    # An interrupt while the kernel identifies its boot processor finds no LA57 among its features, and KASAN then takes
    # a good address for a wild one (identify_cpu() in arch/x86/kernel/cpu/common.c; seen in 7.3.4).
    quirks = {"CONFIG_KASAN": "no5lvl"}

    @staticmethod
    def processors(accel, count):
        # Without ACPI the kernel finds one processor in each package.
        return ["-machine", "pc", "-cpu", "host" if accel == "kvm" else "max",
                "-smp", f"{count},sockets={count},cores=1,threads=1"]

    @staticmethod
    def clock(accel, counted):
        """What the kernel is to be told of its clock.

        Under emulation the counter is the host's own, or that of instructions. A kernel that is emulated is often too slow
        to find out its frequency, and takes more than one processor for more than one counter. It would count ticks
        instead, and those that come while the guest does not run are lost: its clock lags, and says milliseconds only.
        """
        if accel != "tcg":
            return ""
        if counted:
            return "tsc=reliable clocksource=tsc"
        return f"tsc=reliable tsc_early_khz={tsc_khz()}" if native(X86) else ""

    @staticmethod
    def serial(names):
        return [word for name in names for word in ("-device", f"isa-serial,chardev={name}")]

    @staticmethod
    def unpacked_size(kernel):
        """Up to where the kernel takes memory: Documentation/arch/x86/boot.rst, pref_address and init_size."""
        address, size = struct.unpack_from("<QI", kernel.read_bytes()[:0x264], 0x258)
        return address + size


class Arm64:
    """QEMU's "virt" board: a port of its own, the others on PCI cards."""

    qemu, package = "qemu-system-aarch64", "qemu-system-arm"
    console, ports = "ttyAMA0", "ttyS0,ttyS1"
    quirks = {}

    @staticmethod
    def processors(accel, count):
        # "max" authenticates pointers, which is slow to emulate.
        return ["-machine", "virt", "-cpu", "host" if accel == "kvm" else "neoverse-n1", "-smp", str(count)]

    @staticmethod
    def clock(_accel, _counted):
        """Its counter says its frequency itself."""
        return ""

    @staticmethod
    def serial(names):
        console, *others = names
        return ["-serial", f"chardev:{console}",
                *(word for name in others for word in ("-device", f"pci-serial,chardev={name}"))]

    @staticmethod
    def unpacked_size(kernel):
        """The same, from where memory begins: Documentation/arch/arm64/booting.rst, text_offset and image_size."""
        return sum(struct.unpack_from("<QQ", kernel.read_bytes()[:0x18], 8))


def configured(kernel_directory):
    """The names of what a kernel from scripts/harness/kernel has built in."""
    config = pathlib.Path(kernel_directory, "build/.config").read_text()
    return {line.removesuffix("=y") for line in config.splitlines() if line.endswith("=y")}


def machine_of(kernel_directory):
    """The machine for a kernel, by its configuration."""
    return Arm64 if "CONFIG_ARM64" in configured(kernel_directory) else X86


def wanted(machine, kernel_directory):
    """What such a kernel is to be told on its command line: detectors that are off otherwise, and quirks."""
    words = {"CONFIG_DEBUG_PAGEALLOC_ENABLE_DEFAULT": "page_poison=1", **machine.quirks}
    return " ".join(word for name, word in words.items() if name in configured(kernel_directory))


def tsc_khz():
    """The frequency of this host's time stamp counter, measured."""
    tool = pathlib.Path(os.environ["CACHE"], "tsc_khz")
    source = pathlib.Path(os.environ["PROJECT"], "scripts/harness/tsc_khz.rs")
    if not tool.exists() or tool.stat().st_mtime < source.stat().st_mtime:
        with tempfile.TemporaryDirectory(dir=tool.parent) as scratch:
            made = pathlib.Path(scratch, tool.name)
            subprocess.run(["rustc", "--edition=2021", "-O", "-o", made, source], check=True)
            made.replace(tool)
    return int(subprocess.run([tool], check=True, stdout=subprocess.PIPE, text=True).stdout)


def native(machine):
    """Whether a guest's processor is that of this host, so that KVM is worth a try."""
    return os.uname().machine == {X86: "x86_64", Arm64: "aarch64"}[machine]


def program(machine):
    """QEMU for it, from its package where the toolroot has not got it."""
    if shutil.which(machine.qemu):
        return machine.qemu
    tools = subprocess.run([f"{os.environ['PROJECT']}/scripts/unpacked", "--with-depends", "qemu", machine.package],
                           check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    return f"{tools}/usr/bin/{machine.qemu}"


def command(machine, accel, kernel, initrd, options, backends):
    """The command line; the backends are those of console, output and verdict."""
    words = [
        program(machine), "-accel", accel, *machine.processors(accel, options.smp),
        "-m", options.memory, "-nodefaults", "-display", "none", "-no-reboot",
        "-kernel", str(kernel), "-initrd", str(initrd),
        "-append", f"console={machine.console} panic=-1 oops=panic net.ifnames=0 tsoffset.ports={machine.ports} "
                   f"{machine.clock(accel, options.icount)} {options.append}",
    ]
    if options.icount:
        words += ["-icount", "shift=0,sleep=off"]
    names = ("console", "output", "verdict")
    for name, backend in zip(names, backends):
        words += ["-chardev", f"{backend},id={name}"]
    return words + machine.serial(names)
