# SPDX-License-Identifier: GPL-2.0
"""Debug information for the few files a report leads to.

The kernel is built without it, which would cost every file of it. An object of interest is compiled a
second time, by the command that built it plus -g; that adds sections and changes no code, which is
checked by the sizes of its functions.
"""

import functools
import pathlib
import re
import subprocess


def run(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


class Objects:
    """The objects of a kernel's build directory."""

    def __init__(self, kernel, scratch):
        self.build = pathlib.Path(kernel, "build")
        self.source = pathlib.Path(kernel, "source").resolve()
        self.scratch = pathlib.Path(scratch)

    @functools.cached_property
    def _functions(self):
        """Where the functions of the network code are: name to object."""
        found = {}
        for directory in ("net/core", "net/ipv4", "net/ipv6", "net/mptcp", "net"):
            for path in sorted((self.build / directory).glob("*.o")):
                if not path.with_name(f".{path.name}.cmd").exists() or path.name == "built-in.o":
                    continue
                for line in run("llvm-nm", "--defined-only", str(path)).splitlines():
                    _, kind, name = line.split()[-3:]
                    if kind in "tT":
                        found.setdefault(name, path)
        return found

    def object_of(self, function):
        """The object that defines a function of the network code, or None."""
        return self._functions.get(function)

    @functools.cache
    def with_debug(self, path):
        """The same object with debug information; None where it cannot be made or is not the same."""
        record = path.with_name(f".{path.name}.cmd")
        if not record.exists():
            return None
        recorded = record.read_text().splitlines()[0]
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
    def lines(self, function, offset, size):
        """Source lines ("file:number", text), innermost first, of the instruction before a return address.

        Empty where there is no debug information for it, or where it is for another build.
        """
        path = self.object_of(function)
        debug = path and self.with_debug(path)
        if not debug:
            return []
        for line in run("llvm-nm", "--print-size", str(debug)).splitlines():
            words = line.split()
            # The kernel takes the padding up to the next function for part of this one.
            if len(words) == 4 and words[3] == function and 0 <= size - int(words[1], 16) < 64:
                address = int(words[0], 16) + offset - 1
                break
        else:
            return []
        output = run("llvm-symbolizer", f"--obj={debug}", "--output-style=GNU", "--inlines",
                     "--functions=none", hex(address))
        return [self._text(place) for place in output.split() if ":" in place]

    def _text(self, place):
        file, number = place.rsplit(":", 1)
        path = pathlib.Path(file)
        if not path.is_absolute():
            path = self.build / path
        path = path.resolve()
        shown = path.relative_to(self.source) if path.is_relative_to(self.source) else path
        try:
            text = path.read_text().splitlines()[int(number) - 1].strip()
        except (OSError, ValueError, IndexError):
            text = ""
        return f"{shown}:{number}", text

    @functools.cached_property
    def fields(self):
        """Fields of struct tcp_sock, all that it embeds included: (name, offset, size).

        Offsets and sizes in bytes. Empty without debug information.
        """
        debug = self.with_debug(self.build / "net/ipv6/tcp_ipv6.o")
        if not debug:
            return []
        # It exits with 1 on objects that are not linked, after a complete answer.
        layout = subprocess.run(["pahole", "-F", "dwarf", "--class_name=tcp_sock", "--expand_types", str(debug)],
                                capture_output=True, text=True, check=False).stdout
        found = []
        for line in layout.splitlines():
            match = re.search(r"(\w+)(?:\[\d+\])*(:\d+)?;\s*/\*\s*(\d+)(?::\s*\d+)?\s+(\d+)\s*\*/", line)
            # A line that closes a structure names all of it; what is in it was listed before.
            # Nor does a marker of no size hold anything.
            if match and match[4] != "0" and not line.lstrip().startswith("}"):
                found.append((match[1], int(match[3]), int(match[4])))
        return found

    def offset(self, field):
        """Where a field of struct tcp_sock lies, in bytes; None if unknown."""
        return next((offset for name, offset, _ in self.fields if name == field), None)
