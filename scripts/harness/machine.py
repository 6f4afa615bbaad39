# SPDX-License-Identifier: GPL-2.0
"""The guests' machines, one for each architecture: QEMU's command line, and the size of the unpacked kernel.

Each machine has three serial ports: the kernel's console, the task's output and the verdict. tsoffset.ports= on the
kernel's command line has the guest's names of the last two.
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
    # identify_cpu() in arch/x86/kernel/cpu/common.c (7.3.4) clears the boot processor's features with interrupts on. An
    # interrupt in between finds no LA57, and KASAN rejects a valid address.
    quirks = {"CONFIG_KASAN": "no5lvl"}

    @staticmethod
    def processors(accel, number):
        # Without ACPI, the kernel finds one processor in each package.
        return ["-machine", "pc", "-cpu", "host" if accel == "kvm" else "max",
                "-smp", f"{number},sockets={number},cores=1,threads=1"]

    @staticmethod
    def clock(accel, counted):
        """Returns the kernel's parameters for its clock.

        Under emulation, the counter is the host's, or counts instructions. An emulated kernel is often too slow to measure
        the counter's frequency, and distrusts the counters of several processors. Without a counter, the kernel counts
        ticks. Ticks are lost while the guest does not run: the clock lags, and its resolution is milliseconds.

        The kernel panics if no tick arrives within its check of the timer at boot. On a busy host, that happens.
        """
        if accel != "tcg":
            return ""
        if counted:
            return "tsc=reliable clocksource=tsc no_timer_check"
        return "no_timer_check" + (f" tsc=reliable tsc_early_khz={tsc_khz()}" if native(X86) else "")

    @staticmethod
    def serial(names):
        return [word for name in names for word in ("-device", f"isa-serial,chardev={name}")]

    @staticmethod
    def unpacked_size(kernel):
        """Returns the end of the kernel's memory: Documentation/arch/x86/boot.rst, pref_address and init_size."""
        address, size = struct.unpack_from("<QI", kernel.read_bytes()[:0x264], 0x258)
        return address + size


class Arm64:
    """QEMU's "virt" board: one port is on the board, the others are on PCI cards."""

    qemu, package = "qemu-system-aarch64", "qemu-system-arm"
    console, ports = "ttyAMA0", "ttyS0,ttyS1"
    quirks = {}

    @staticmethod
    def processors(accel, number):
        # KVM offers the host's interrupt controller. "max" authenticates pointers, and the emulation of that is slow.
        kind = ["virt,gic-version=host", "-cpu", "host"] if accel == "kvm" else ["virt", "-cpu", "neoverse-n1"]
        return ["-machine", *kind, "-smp", str(number)]

    @staticmethod
    def clock(_accel, _counted):
        """Returns no parameters: the counter reports its own frequency."""
        return ""

    @staticmethod
    def serial(names):
        console, *others = names
        return ["-serial", f"chardev:{console}",
                *(word for name in others for word in ("-device", f"pci-serial,chardev={name}"))]

    @staticmethod
    def unpacked_size(kernel):
        """Returns the end of the kernel, relative to the start of memory.

        Documentation/arch/arm64/booting.rst describes text_offset and image_size.
        """
        return sum(struct.unpack_from("<QQ", kernel.read_bytes()[:0x18], 8))


def configured(kernel_directory):
    """Returns the options that a kernel from scripts/harness/kernel has built in."""
    config = pathlib.Path(kernel_directory, "build/.config").read_text()
    return {line.removesuffix("=y") for line in config.splitlines() if line.endswith("=y")}


def machine_of(kernel_directory):
    """Returns the machine for a kernel, by its configuration."""
    return Arm64 if "CONFIG_ARM64" in configured(kernel_directory) else X86


def wanted(machine, kernel_directory):
    """Returns the parameters that switch on the kernel's detectors, and those for the machine's quirks."""
    words = {"CONFIG_DEBUG_PAGEALLOC_ENABLE_DEFAULT": "page_poison=1", **machine.quirks}
    return " ".join(word for name, word in words.items() if name in configured(kernel_directory))


def tsc_khz():
    """Returns the measured frequency of this host's time stamp counter."""
    tool = pathlib.Path(os.environ["CACHE"], "tsc_khz")
    source = pathlib.Path(os.environ["PROJECT"], "scripts/harness/tsc_khz.rs")
    if not tool.exists() or tool.stat().st_mtime < source.stat().st_mtime:
        with tempfile.TemporaryDirectory(dir=tool.parent) as scratch:
            made = pathlib.Path(scratch, tool.name)
            subprocess.run(["rustc", "--edition=2021", "-O", "-o", made, source], check=True)
            made.replace(tool)
    return int(subprocess.run([tool], check=True, stdout=subprocess.PIPE, text=True).stdout)


def native(machine):
    """Returns whether the machine has this host's architecture, as KVM requires."""
    return os.uname().machine == {X86: "x86_64", Arm64: "aarch64"}[machine]


def program(machine):
    """Returns QEMU's program for the machine, from the package if the toolroot lacks it."""
    if shutil.which(machine.qemu):
        return machine.qemu
    tools = subprocess.run([f"{os.environ['PROJECT']}/scripts/harness/unpacked", "--with-depends", "qemu", machine.package],
                           check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    return f"{tools}/usr/bin/{machine.qemu}"


def command(machine, accel, kernel, initrd, options, backends):
    """Returns QEMU's command line. The backends are those of console, output and verdict."""
    # The machine has every possible processor. Of absent ones, the kernel counts those of a hypervisor that it knows only
    # (acpi_is_processor_usable() in arch/x86/kernel/acpi/boot.c, 7.3.4): QEMU's emulator is none.
    online, possible = options.smp
    room = f"maxcpus={online}" if online < possible else ""
    words = [
        program(machine), "-accel", accel, *machine.processors(accel, possible),
        "-m", options.memory, "-nodefaults", "-display", "none", "-no-reboot",
        "-kernel", str(kernel), "-initrd", str(initrd),
        "-append", f"console={machine.console} panic=-1 oops=panic net.ifnames=0 tsoffset.ports={machine.ports} "
                   f"{machine.clock(accel, options.icount)} {room} {options.append}",
    ]
    if options.icount:
        words += ["-icount", "shift=0,sleep=off"]
    if options.plugin:
        words += ["-plugin", options.plugin]
    names = ("console", "output", "verdict")
    for name, backend in zip(names, backends):
        words += ["-chardev", f"{backend},id={name}"]
    return words + machine.serial(names)
