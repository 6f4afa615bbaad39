# SPDX-License-Identifier: GPL-2.0
"""The symbols of a kernel's build, and the source lines of addresses in them.

The debug information of vmlinux has the lines. Without debug information, Objects compiles an object a second time, by the command of the
build plus -g. The option only adds sections: the sizes of the functions have to be equal.
"""

import functools
import os
import pathlib
import re
import subprocess

# The kernel counts the padding before the next function as a part of this function.
PADDING = 64


def run(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


def source_of(build):
    """Returns the source of a build directory, by Kbuild's link. Without the link, the kernel was built in its source."""
    link = build / "source"
    if link.is_symlink():
        target = os.readlink(link)
        return pathlib.Path(host_root(build) + target) if os.path.isabs(target) else (build / target).resolve()
    return build


def host_root(build):
    """Returns the toolroot's prefix of the host's paths for a build of the host, otherwise "" (scripts/harness/enter)."""
    root = os.environ.get("HOST_ROOT") or ""
    return root if root and str(build).startswith(root + "/") else ""


class Objects:
    """The objects of a build. kernel: its build directory, or the directory of scripts/harness/kernel."""

    def __init__(self, kernel, scratch):
        kernel = pathlib.Path(kernel)
        self.build = kernel / "build" if (kernel / "build/.config").exists() else kernel
        self.source = (kernel / "source").resolve() if self.build != kernel else source_of(self.build)
        self.scratch = pathlib.Path(scratch)

    def here(self, text):
        """Returns a text of the build with the toolroot's paths in place of the host's."""
        root = host_root(self.build)
        for path in {str(self.source), str(self.build)} if root else ():
            text = re.sub(rf"(?<![\w/.-]){re.escape(path[len(root):])}(?=[/\s]|$)", path, text)
            text = re.sub(rf"(?<=-I){re.escape(path[len(root):])}(?=[/\s]|$)", path, text)
        return text

    @functools.cached_property
    def _functions(self):
        """Maps each function of the network code to [(object, size, address in the object)]. Parts, as f.part.0 of gcc, are of f."""
        paths = [record.parent / record.name[1:-len(".cmd")] for record in sorted(self.build.joinpath("net").rglob(".*.o.cmd"))
                 if "\nsource_" in record.read_text(errors="replace")]
        paths = [path for path in paths if path.exists()]
        found = {}
        if paths:
            for line in run("llvm-nm", "--defined-only", "--print-size", "--print-file-name", *map(str, paths)).splitlines():
                path, rest = line.rsplit(": ", 1)
                words = rest.split()
                if len(words) == 4 and words[2] in "tT":
                    found.setdefault(words[3].split(".")[0], []).append((pathlib.Path(path), int(words[1], 16), int(words[0], 16)))
        return found

    @functools.cached_property
    def _linked(self):
        """Maps each function of vmlinux to [(size, address)]. The size is the kernel's: up to the next symbol."""
        found, last = {}, []
        if (self.build / "vmlinux").exists():
            for line in run("llvm-nm", "--defined-only", "--numeric-sort", str(self.build / "vmlinux")).splitlines():
                words = line.split()
                if len(words) != 3:
                    continue
                address = int(words[0], 16)
                if last and last[0][1] != address:
                    for name, begin in last:
                        found.setdefault(name.split(".")[0], []).append((address - begin, begin))
                    last = []
                if words[1] in "tTwW":
                    last.append((words[2], address))
        return found

    @functools.cached_property
    def _debug(self):
        """Returns whether vmlinux has debug information of the kernel's C. Rust's core can have debug information in any case."""
        return (self.build / "vmlinux").exists() and "\nCONFIG_DEBUG_INFO=y" in (self.build / ".config").read_text()

    @functools.cached_property
    def release(self):
        """Returns the release of the kernel, or "" where the build does not have it."""
        file = self.build / "include/config/kernel.release"
        return file.read_text().strip() if file.exists() else ""

    def sizes(self, function):
        """Returns the sizes of the functions of that name, each as a range. Empty if the build has no such function."""
        return [range(size, size + 1) for size, _ in self._linked.get(function, ())] or \
            [range(size, size + PADDING) for _, size, _ in self._functions.get(function, ())]

    def object_of(self, function, size=None):
        """Returns the object that defines a function of the network code, or None. The size decides between several."""
        known = self._functions.get(function, ())
        fitting = [path for path, own, _ in known if size is not None and 0 <= size - own < PADDING]
        return (fitting or [path for path, _, _ in known] or [None])[0]

    @functools.cache
    def with_debug(self, path):
        """Returns the same object with debug information, or None if the compilation fails or differs."""
        record = path.with_name(f".{path.name}.cmd")
        if not record.exists():
            return None
        recorded = self.here(record.read_text().splitlines()[0])
        command = recorded.split(" := ", 1)[1].split(" ; ")[0]
        out = self.scratch / "-".join(path.relative_to(self.build).parts)
        command = re.sub(r"-Wp,-MM?D,\S+", "", command)
        command = re.sub(r" -o \S+", f" -g -gdwarf-4 -o {out}", command)
        if subprocess.run(["bash", "-c", command], cwd=self.build, capture_output=True, check=False).returncode:
            return None
        return out if self._sizes(path) == self._sizes(out) else None

    @staticmethod
    def _sizes(path):
        lines = run("llvm-nm", "--defined-only", "--print-size", str(path)).splitlines()
        return {words[3]: words[1] for words in map(str.split, lines) if len(words) == 4 and words[2] in "tT"}

    @functools.cache
    def stack(self, function, offset, size):
        """Returns (function, file, line), innermost first, of the instruction before a return address.

        Empty without debug information, or with that of another build. Files are relative to the source.
        """
        if self._debug:
            file, known = self.build / "vmlinux", [(range(own, own + 1), address) for own, address in self._linked.get(function, ())]
        else:
            path = self.object_of(function, size)
            file = path and self.with_debug(path)
            known = [(range(own, own + PADDING), address) for at, own, address in self._functions.get(function, ()) if at == path]
        address = next((address for fitting, address in known if size in fitting), None)
        if not file or address is None:
            return ()
        lines = run("llvm-symbolizer", f"--obj={file}", "--output-style=GNU", "--inlines",
                    "--functions=linkage", hex(address + offset - 1)).splitlines()
        return tuple((name, *self._place(place)) for name, place in zip(lines[::2], lines[1::2]) if ":" in place and "??" not in place)

    def _place(self, place):
        file, number = place.split(" (", 1)[0].rsplit(":", 1)
        path = pathlib.Path(file)
        path = (pathlib.Path(host_root(self.build) + file) if path.is_absolute() and not path.exists() else self.build / path).resolve()
        number = int(number) if number.isdigit() else 0
        return str(path.relative_to(self.source)) if path.is_relative_to(self.source) else str(path), number

    def lines(self, function, offset, size):
        """Returns ("file:number", text) of the same instruction."""
        return [(f"{file}:{number}", self._text(file, number)) for _, file, number in self.stack(function, offset, size)]

    def _text(self, file, number):
        try:
            return (self.source / file).read_text().splitlines()[number - 1].strip()
        except (OSError, IndexError):
            return ""
