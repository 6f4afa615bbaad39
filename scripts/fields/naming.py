# SPDX-License-Identifier: GPL-2.0
"""Finds the files of a build that can access a member: files with its name or with a macro of it, and one file for each such header.

The other files need not be read. Names that a macro pastes together (##) are not found.
"""

import functools
import re

from audit.commands import dependencies

# A macro with its continuation lines: its name and its body.
MACRO = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)((?:.*\\\n)*.*)$", re.M)


class Naming:
    """The names in the files of a build. commands: {path of an object: text of its .cmd file}."""

    def __init__(self, build, commands):
        self.build, self.commands = build, commands

    @functools.cache
    def _text(self, file):
        path = self.build / file
        return path.read_text(errors="replace") if path.exists() else ""

    @functools.cached_property
    def _headers(self):
        """Maps each header to one object that includes it."""
        return {file: path for path, text in self.commands.items() for file in dependencies(text) if not file.endswith((".c", ".S"))}

    @functools.cached_property
    def _macros(self):
        """Maps each macro to the words of its body, over all files."""
        files = {*self._headers, *(file for text in self.commands.values() for file in dependencies(text))}
        found = {}
        for file in files:
            for name, body in MACRO.findall(self._text(file)):
                found.setdefault(name, set()).update(re.findall(r"\w+", body))
        return found

    def words(self, member):
        """Returns the member, and the macros that stand for it."""
        words, more = set(), {member}
        while more:
            words |= more
            more = {name for name, body in self._macros.items() if body & more} - words
        return words

    def objects(self, members):
        """Returns the objects to read for accesses of these members."""
        words = set().union(*(self.words(member) for member in members))

        def names(file):
            return not words.isdisjoint(re.findall(r"\w+", self._text(file)))

        wanted = {path: text for path, text in self.commands.items()
                  if any(names(file) for file in dependencies(text) if file.endswith(".c"))}
        for file, path in self._headers.items():
            # Prefer an object that is read anyway.
            if names(file) and not any(file in dependencies(text) for text in wanted.values()):
                wanted[path] = self.commands[path]
        return wanted
