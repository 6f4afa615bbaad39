# SPDX-License-Identifier: GPL-2.0
"""Parses KCSAN's reports in any text: a console, dmesg, a journal, a CI log, a mail.

Frames can have source lines: syzbot's ("f+0x1/0x2 a.c:3", "g a.h:4 [inline]"), and those of the kernel's scripts/decode_stacktrace.sh
("f (a.h:4 a.c:3)").
"""

import re
from dataclasses import dataclass, field

HEADER = re.compile(r"BUG: KCSAN: (.*)")
NAME = r"(\w+)(?:\.[\w.]+)?(?:\+0x[0-9a-f]+/0x[0-9a-f]+)?(?: \[\w+\])?"
# The innermost function of each side: "a / b.part.0", or "a+0x1/0x2" of unknown origin.
TITLE = re.compile(rf"BUG: KCSAN: [\w: -]*?\bin {NAME}(?: / {NAME})?")
RULE = "=" * 60
# Colours of dmesg and of CI systems.
ESCAPE = re.compile(r"\x1b(?:\[[0-9;]*[A-Za-z]|\(B)")
TIME = r"\d{4}-\d\d-\d\d[T ][\d:.,]+(?:Z|[+-]\d\d:?\d\d)?"
# Prefixes of a line: marks of a quotation or of TAP, a journal's or CI's time, a level, dmesg's facility and level (-x), the kernel's
# time, the time since the last line (-d, -H) and caller.
PREFIXES = [re.compile(pattern) for pattern in (
    r"^(?:[\s>|]|# |#$)+", r"^[A-Z][a-z]{2} [ \d]\d [\d:]{8}(?:[.,]\d+)? \S+ kernel: ?", rf"^{TIME}(?: \S+ kernel:)? ?",
    r"^\S+ kernel: ", r"^<\d+>", r"^[a-z0-7]+ *:(?:emerg|alert|crit|err|warn|notice|info|debug) *: ?",
    r"^\[ *\+?\d+\.\d+(?: +< *\d+\.\d+>)?\] ?", r"^\[< *\d+\.\d+>\] ?", rf"^\[{TIME}\] ?", r"^\[[A-Z][a-z]{2} ?\d{1,2} [\d:]{5}\] ?",
    r"^\[[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d [\d:]{8} \d{4}(?: +< *\d+\.\d+>)?\] ?")]
CALLER = re.compile(r"^\[ *([TC]\d+)\] ?")
ACCESS = re.compile(r"^(race at unknown origin, with )?(read-write|read|write|assert no writes|assert no accesses)"
                    r"(?: \(([a-z, ]+)\))? to 0x([0-9a-f]+) of (\d+) bytes\b")
PLACE = r"\.?/?([\w./+~-]+\.[chS]):(-?\d+|\?)"
FRAME = re.compile(r"^(\w+)(?:\.[\w.]+)?\+0x([0-9a-f]+)/0x([0-9a-f]+)(?: \[[^\]]+\])?(?: " + PLACE + ")?")
INLINE = re.compile(r"^(\w+)(?:\.[\w.]+)? " + PLACE + r" \[inline\]")
DECODED = re.compile(r"^(\w+)(?:\.[\w.]+)? \((" + PLACE + r".*)\)")
RELEASE = re.compile(r"\b(?:Not tainted|Tainted: [A-Z ]+?) +(\S+) +#")
END = re.compile(r"^(?:={60,}|Reported by Kernel Concurrency Sanitizer)")
# The last line of a report before its end. Both values have the same number of digits.
VALUE = re.compile(r"^value changed: 0x([0-9a-f]+) -> 0x([0-9a-f]+)$")
LONGEST = 200


@dataclass
class Frame:
    """One line of a stack. offset and size: of a symbol, None for an inlined function. places: source lines, innermost first."""

    function: str
    offset: int = None
    size: int = None
    places: tuple = ()
    inline: bool = False


@dataclass
class Access:
    """One side of a report."""

    kind: str
    marked: bool
    address: int
    size: int
    frames: list = field(default_factory=list)

    def function(self):
        """Returns the symbol: the innermost function that is not inlined."""
        return next((frame.function for frame in self.frames if not frame.inline), "?")

    def inner(self):
        """Returns the frames of the innermost symbol: the functions inlined there, and the symbol."""
        for number, frame in enumerate(self.frames):
            if not frame.inline:
                return self.frames[:number + 1]
        return self.frames

    def __str__(self):
        return f"{'marked' if self.marked else 'plain'} {self.kind} of {self.size} in {self.function()}"


@dataclass
class Report:
    """A report. cut: parts of it are missing, or it has lines of another one."""

    title: str
    # The functions that the title names.
    functions: tuple = ()
    accesses: list = field(default_factory=list)
    unknown_origin: bool = False
    cut: bool = False
    # Of the kernel; "" if the text does not have it.
    release: str = ""


def stripped(line):
    """Returns the line without prefixes, and the caller that printed the line, or ""."""
    caller, before, line = "", None, ESCAPE.sub("", line)
    while line != before:
        before = line
        for pattern in PREFIXES:
            line = pattern.sub("", line)
        if match := CALLER.match(line):
            caller, line = match[1], line[match.end():]
    return line.strip(), caller


def places(*found):
    """Returns (file, line) for each match of PLACE, or nothing without a line of the innermost one: "?", 0 or -1."""
    if not found or found[0][1] in ("?", "0", "-1"):
        return ()
    return tuple((file, int(number)) for file, number in found if number not in ("?", "0", "-1"))


def decoded(text):
    """Returns the places that decode_stacktrace.sh appends in parentheses."""
    match = re.search(r" \((.*)\)", text)
    return places(*re.findall(PLACE, match[1])) if match else ()


def frame(line):
    if match := FRAME.match(line):
        where = places((match[4], match[5])) if match[4] else decoded(line[match.end():])
        return Frame(match[1], int(match[2], 16), int(match[3], 16), where)
    if match := INLINE.match(line):
        return Frame(match[1], places=places((match[2], match[3])), inline=True)
    if match := DECODED.match(line):
        return Frame(match[1], places=decoded(line))
    return None


def broken(report):
    """Returns whether lines of a report are missing, or lines of another report follow it."""
    sides = 1 if report.unknown_origin else 2
    if len(report.accesses) != sides or not all(access.inner() and not access.inner()[-1].inline for access in report.accesses):
        return True
    if any(frame.size is not None and frame.offset >= frame.size for access in report.accesses for frame in access.frames):
        return True
    # Otherwise the innermost frame of a side is lost, and the side begins with a caller.
    if sorted(report.functions[:sides]) != sorted(access.function() for access in report.accesses):
        return True
    # The two sides of a race share a byte.
    return max(access.address for access in report.accesses) >= min(access.address + access.size for access in report.accesses)


def titled(lines):
    """Returns the functions that a title names. A mail can wrap the title."""
    end = next((number for number, line in enumerate(lines[:4]) if not line or ACCESS.match(line)), 4)
    match = TITLE.search(" ".join(lines[:end]))
    return tuple(name for name in match.groups() if name) if match else ()


def parse(lines, whole=True):
    """Parses the lines of one report, without prefixes. whole: the last line ends with a newline."""
    report = Report(HEADER.search(lines[0])[1].strip(), titled(lines))
    ended = False
    for number, line in enumerate(lines[1:], 1):
        if END.match(line):
            ended = True
            # The next line has the kernel's release. Wrapped, it is several lines.
            report.release = next(iter(RELEASE.findall(" ".join(lines[number + 1:number + 4]))), "")
            break
        if match := ACCESS.match(line):
            report.unknown_origin = report.unknown_origin or bool(match[1])
            report.accesses.append(Access(match[2], "marked" in (match[3] or ""), int(match[4], 16), int(match[5])))
        elif report.accesses and (found := frame(line)):
            report.accesses[-1].frames.append(found)
    value = VALUE.match(lines[-1])
    complete = bool(value) and len(value[1]) == len(value[2])
    report.cut = broken(report) or not (whole or ended or complete)
    return report


def reports(text):
    """Returns all reports of a text. If the log names callers, lines of other callers in between are left out."""
    found, current, caller = [], None, ""
    for line in text.splitlines():
        line, by = stripped(line)
        if HEADER.search(line):
            current, caller = [line], by
            found.append(current)
        elif current and by == caller and len(current) < LONGEST:
            current.append(line)
    return [parse(lines, lines is not current or text.endswith("\n")) for lines in found]
