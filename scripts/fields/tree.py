# SPDX-License-Identifier: GPL-2.0
"""The accesses and the layout of structures in a kernel's build, read on demand and kept by file (scripts/audit/collect.py)."""

import functools
import hashlib
import re
import sys
from collections import defaultdict

from audit import collect, commands

from .layout import Layout, program

# Files that define the structures of most questions.
DEFINE = ("net/ipv6/tcp_ipv6.o", "net/ipv4/tcp_ipv4.o", "net/mptcp/protocol.o")


class Tree:
    """The accesses and layouts of one build."""

    def __init__(self, objects, structures, cache, reader):
        self.objects, self.structures, self.cache, self.reader = objects, list(structures), cache, reader
        self.at, self.of, self.unread = defaultdict(set), defaultdict(set), []
        self.layout, self._read, self._files = Layout(), set(), set()
        for name in DEFINE:
            if set(self.structures) - self.layout.structures():
                self._define(self.objects.build / name)
        for name in set(self.structures) - self.layout.structures():
            if path := self._definer(name):
                self._define(path)

    @functools.cached_property
    def _commands(self):
        return {path: self.objects.here(text) for path, text in commands.objects(self.objects.build, ["net"]) if path.exists()}

    @functools.cache
    def _text(self, file):
        path = self.objects.build / file
        return path.read_text(errors="replace") if path.exists() else ""

    def _definer(self, structure):
        """Returns an object with a file that defines a structure."""
        definition = re.compile(rf"^struct {re.escape(structure)}\s[^;]*?\{{", re.M)
        return next((path for path, text in self._commands.items()
                     if any(definition.search(self._text(file)) for file in commands.dependencies(text))), None)

    def _define(self, path):
        if path not in self._commands:
            return
        arguments = commands.command(self._commands[path])
        files = collect.Files(str(self.objects.build))
        inputs = [program(), *self.structures, str(self.objects.build), *arguments,
                  *map(files.state, commands.dependencies(self._commands[path]))]
        key = hashlib.sha256("\n".join(inputs).encode()).hexdigest()
        self.layout.add(*Layout.kept(self.cache / "layout" / key, arguments, str(self.objects.build), self.structures))

    @functools.cache
    def _called(self, function):
        """Returns the called functions with known accesses, by the names before a parenthesis in the function's text."""
        for file in sorted({access.file for access in self.of.get(function, ())} or self._files):
            path = self.objects.source / file
            text = path.read_text(errors="replace") if path.exists() else ""
            # The kernel's style tells where a function begins and ends.
            if match := re.search(rf"^[a-z][^;{{}}\n]*\b{function}\([^;{{}}]*\)\n\{{\n(.*?)^\}}", text, re.M | re.S):
                return {name for name in re.findall(r"\b(\w+)\(", match[1]) if name != function}
        return set()

    def knows(self, function):
        """Returns whether a file that was read has a function of that name."""
        return bool(function in self.of or self.objects.sizes(function) or self._called(function))

    def calls(self, function, depth):
        """Returns the function, and called functions down to a number of levels."""
        found, last = {function}, {function}
        for _ in range(depth):
            last = {name for one in last for name in self._called(one)} - found
            found |= last
        return found

    def read(self, paths):
        """Reads those of these objects that were not read before."""
        wanted = {path for path in paths if path in self._commands} - self._read
        if not wanted:
            return
        self._read |= wanted
        found = collect.collect(self.objects.build, self.objects.source, {path: self._commands[path] for path in wanted},
                                self.structures, self.cache, self.reader)
        self.unread += found.failed
        for line in found.failed:
            print(f"tsoffset: fields: not read: {line}", file=sys.stderr)
        self._called.cache_clear()
        for access in found.accesses:
            self._files.add(access.file)
            self.at[access.file, access.line].add(access)
            self.of[access.function].add(access)
