# SPDX-License-Identifier: GPL-2.0
"""Which files of a build can access a member: those that name it, or a macro that does, and one for each header that does.

It saves reading the syntax tree of all the others. A name that a macro pastes together (##) is not found.
"""

import functools
import re

from audit.commands import dependencies

# A macro with its continuation lines: its name, and what it stands for.
MACRO = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)((?:.*\\\n)*.*)$", re.M)


class Naming:
    """Of the objects of a build, {path: text of its .cmd file}."""

    def __init__(self, build, commands):
        self.build, self.commands = build, commands

    @functools.cache
    def _text(self, file):
        path = self.build / file
        return path.read_text(errors="replace") if path.exists() else ""

    @functools.cached_property
    def _headers(self):
        """Header to one of the objects that include it."""
        return {file: path for path, text in self.commands.items() for file in dependencies(text) if not file.endswith((".c", ".S"))}

    @functools.cached_property
    def _macros(self):
        """Macro to the words in it, of all files."""
        files = {*self._headers, *(file for text in self.commands.values() for file in dependencies(text))}
        found = {}
        for file in files:
            for name, body in MACRO.findall(self._text(file)):
                found.setdefault(name, set()).update(re.findall(r"\w+", body))
        return found

    def words(self, member):
        """The member, and the macros that stand for it."""
        words, more = set(), {member}
        while more:
            words |= more
            more = {name for name, body in self._macros.items() if body & more} - words
        return words

    def objects(self, members):
        """The objects to read for accesses of these members."""
        words = set().union(*(self.words(member) for member in members))

        def names(file):
            return not words.isdisjoint(re.findall(r"\w+", self._text(file)))

        wanted = {path: text for path, text in self.commands.items()
                  if any(names(file) for file in dependencies(text) if file.endswith(".c"))}
        for file, path in self._headers.items():
            # In a header of one that is read anyway, where there is one.
            if names(file) and not any(file in dependencies(text) for text in wanted.values()):
                wanted[path] = self.commands[path]
        return wanted
