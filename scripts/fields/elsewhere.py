# SPDX-License-Identifier: GPL-2.0
"""Attributes a report to a field without its build: by its functions in another source, or by its lines in its own source."""

import functools
import pathlib
import re

from audit.names import macros

from .attribute import KINDS, Attributor, Side
from .tree import DEFINE

# Sparse's notes about locks, after the parameters of a function.
LOCKS = re.compile(r"__(?:cond_)?(?:acquires|releases|must_hold)\w*$")
# Macros that make functions with their first argument in the name: bpf_f() and ____bpf_f(), trace_f(), __do_sys_f().
MAKER = re.compile(r"(BPF_CALL_\d|TRACE_EVENT\w*|DECLARE_EVENT_CLASS|(?:COMPAT_)?SYSCALL_DEFINE\d)\(\s*(\w+)")
# Comments, strings and characters.
SILENT = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.S)


class ByFunction(Attributor):
    """Attributes by a report's functions. Code of a function in one source can be in a called function in another source."""

    by = "function"

    def fits(self, access, side):
        field = self.tree.layout.fields.get(access.field)
        if access.kind == "address":
            return field is None or (side.size * 8 <= field.size if field.shape == "record" else side.size * 8 == field.size)
        # A later series may mark an access that is plain in an earlier one. The reverse is unlikely.
        if side.marked and not access.marked:
            return False
        if access.kind not in KINDS.get(side.kind, {"read", "write", "read-write"}) and access.shape != "bit field":
            return False
        return field is None or field.shape in ("bit field", "record") or side.size * 8 in (field.size, field.element)

    def levels(self, side):
        symbol, callers = self.symbols(side)
        paths = [self.objects.object_of(frame.function) for frame in [symbol, *callers]]
        # This build may lack the symbol. Other files have the same inline functions of headers.
        self.tree.read([*(path for path in paths if path), *(self.objects.build / name for name in DEFINE)])
        # xchg() is a macro, whose access the caller of this function has.
        own = [frame for frame in side.inner() if not (frame.inline and frame.function == "instrument_atomic_read_write")]
        return ([(frame.function, *(frame.places[-1] if frame.places else ("", 0))) for frame in own],
                [(frame.function, "", 0) for frame in callers])

    def within(self, calls):
        """Returns the accesses of a function and of called functions, down to a number of levels."""
        return lambda level: {access for name in self.tree.calls(level[0], calls) for access in self.tree.of.get(name, ())}

    def sides(self, accesses):
        """Tries the functions, then also passed addresses, then also called functions. The first common field counts."""
        levels = [self.levels(side) for side in accesses]
        tried = []
        for calls, passed in ((0, False), (0, True), (1, True), (2, True)):
            tried = []
            for side, (own, callers) in zip(accesses, levels):
                fields = self.found(own[:1], side, False, self.within(calls))
                if passed or not fields:
                    fields = fields | self.found([*own, *callers], side, True, self.within(0))
                where = own[0][0]
                why = "" if fields else f"no such {side.kind} of these structures in {where}()" if self.tree.knows(where) else \
                    f"the build has no {where}()"
                tried.append(Side(fields, tuple(f"{file}:{line}" for _, file, line in own if line), why))
            if all(side.fields for side in tried) and self.shared(tried):
                break
        return tried

    def refused(self, report):
        inner = [access.inner()[0] for access in report.accesses if access.inner()]
        if report.cut:
            return "the report is cut"
        if report.unknown_origin:
            return "one side only, and another source"
        if not any(frame.places for access in report.accesses for frame in access.frames):
            return "no source lines in the report, and another source"
        if any(len(frame.places) > 1 for frame in inner):
            return "the report does not name the inlined function, and another source"
        return ""

    def told(self, sides):
        return sides, self.by


class Code:
    """The lines of a source without comments and strings."""

    def __init__(self, source):
        self.source = source

    @functools.cache
    def path(self, file):
        """Returns the path of a file in this source, or "". The log can have the path of another machine: the longest end counts."""
        parts = [part for part in pathlib.PurePath(file).parts if part not in ("/", "..")]
        ends = ("/".join(parts[start:]) for start in range(len(parts)))
        return next((end for end in ends if (self.source / end).is_file()), "")

    @functools.cache
    def _lines(self, file):
        try:
            text = (self.source / file).read_text(errors="replace")
        except OSError:
            return []
        return SILENT.sub(lambda match: "".join(char if char == "\n" else " " for char in match[0]), text).splitlines()

    def line(self, file, number):
        lines = self._lines(file)
        return lines[number - 1] if 0 < number <= len(lines) else ""

    def function(self, file, number):
        """Returns the function around a line, "MACRO(name)" of a macro that makes functions, or "".

        The kernel's style has the names and ends of functions in the first column.
        """
        for at in range(number, 0, -1):
            line = self.line(file, at)
            if at < number and re.match(r"\}|\w.*[;}]\s*$", line):
                break
            if re.match(r"[A-Za-z_]", line) and not re.match(r"\w+:(?!:)|[^{]*;\s*$", line):
                if made := MAKER.match(line):
                    return f"{made[1]}({made[2]})"
                if names := outer_calls(line):
                    return names[-1]
        return ""

    def has(self, function, file, number):
        """Returns whether a line is in a function, or in the macro that makes the function."""
        found = self.function(file, number)
        made = MAKER.match(found)
        return bool(re.search(rf"(?:^|_){made[2]}$", function)) if made else found == function


def outer_calls(line):
    """Returns the names before a parenthesis that are in no other parenthesis, up to the body. Notes about locks do not count."""
    names, depth = [], 0
    for match in re.finditer(r"(\w+)?\s*\(|\)|\{", line):
        if match[0] == "{":
            break
        if match[0] == ")":
            depth -= 1
            continue
        if match[1] and not depth and not LOCKS.match(match[1]):
            names.append(match[1])
        depth += 1
    return names


class BySource(Attributor):
    """Attributes by the text of a report's lines, in the source of that version."""

    by = "line of SOURCE="

    def __init__(self, objects, tree, source):
        super().__init__(objects, tree)
        self.source, self.code = source, Code(source)

    def another_build(self, report):
        return ""

    def side(self, side):
        inner = side.inner()
        if not inner[0].places:
            return Side(set(), (), f"no source line for {side.function()}()")
        file, number = inner[0].places[0]
        if missing := next((name for one in inner for name, _ in one.places if not self.code.path(name)), ""):
            return Side(set(), (f"{file}:{number}",), f"SOURCE= has no file {missing}")
        file = self.code.path(file)
        places = (f"{file}:{number}",)
        for one in (one for one in inner if one.places):
            # decode_stacktrace.sh names the last place's function only.
            at, line = self.code.path(one.places[-1][0]), one.places[-1][1]
            if not self.code.has(one.function, at, line):
                return Side(set(), places, f"not this version's source: {at}:{line} is not in {one.function}()")
        used = set(re.findall(r"(?:->|\.)\s*(\w+)", self.code.line(file, number)))
        known = macros(self.source)
        members = used | {known[word] for word in used if word in known}
        fields = {name for name, field in self.tree.layout.fields.items()
                  if members.issuperset(name.split(".")[1:]) and
                  (field.shape in ("bit field", "record") or side.size * 8 in (field.size, field.element))}
        # The line accesses the member, not the whole record around it.
        fields -= {outer for outer in fields for name in fields if name.startswith(f"{outer}.")}
        return Side(fields, places, "" if fields else f"{file}:{number} names no such field of these structures")
