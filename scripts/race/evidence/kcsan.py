# SPDX-License-Identifier: GPL-2.0
"""KCSAN's reports by the field they are about.

The pair of functions in a report's title does not say which field raced: the same two functions race
on several. The address tells the field: a socket is an object of a slab of known size and place. Of
the bit fields that share a byte, the source line names one.
"""

import re
from collections import Counter
from dataclasses import dataclass

import console
from fields.reports import parse

from .source import FIELD

# Functions on the paths in question. A report with none of them among its innermost frames is about
# something else.
PATH = {"tcp_v6_connect", "tcp_v4_connect", "do_tcp_getsockopt", "do_tcp_setsockopt"}


class Miscounted(Exception):
    """A report is lost."""


@dataclass
class Finding:
    """What a report is about."""

    category: str  # "field", "unattributed" or "unrelated"
    fields: str = ""
    functions: str = ""
    accesses: tuple = ()
    lines: tuple = ()


class Judge:
    """Attributes reports, given a kernel's objects and its socket slabs."""

    def __init__(self, objects, slabs):
        self.objects = objects
        self.slabs = slabs

    def offsets(self, address):
        """Where in a TCP socket an address would lie, for each kind of TCP socket."""
        return {(address % (4096 << slab["order"])) % slab["slab_size"] for slab in self.slabs}

    def candidates(self, access):
        """Fields that the access touches, if its address is one in a socket."""
        found = []
        for offset in self.offsets(access.address):
            found += [name for name, start, size in self.objects.fields
                      if start < offset + access.size and offset < start + size]
        return found

    def judge(self, report):
        accesses = parse([line.strip() for line in report]).accesses
        inner = {frame.function for access in accesses for frame in access.frames[:2]}
        functions = " / ".join(sorted({access.function() for access in accesses}))
        if not inner & PATH:
            return Finding("unrelated", functions=functions)
        lines = [line for access in accesses for frame in access.frames[:1]
                 for line in self.objects.lines(frame.function, frame.offset, frame.size)]
        candidates = set.intersection(*(set(self.candidates(access)) for access in accesses)) if accesses else set()
        # Both sides have a line; each names a field of the socket, and by address it is one of a few.
        named = {name for name in candidates if any(re.search(rf"\b{name}\b", text) for _, text in lines)}
        chosen = named or (candidates if len(candidates) == 1 else set())
        places = tuple(sorted({place for place, _ in lines}))
        kinds = tuple(sorted(str(access) for access in accesses))
        if not chosen:
            return Finding("unattributed", functions=functions, accesses=kinds, lines=places)
        return Finding("field", "+".join(sorted(chosen)), functions, kinds, places)


def summary(findings, lines):
    """Counts by class, of the findings about a row's console lines.

    They have to add up to the number of headers there, counted for itself: no report is dropped.
    """
    fields = Counter(finding.fields for finding in findings if finding.category == "field")
    result = {
        "total": sum("BUG: KCSAN: " in line for line in lines),
        "fields": dict(sorted(fields.items())),
        "unattributed": sum(finding.category == "unattributed" for finding in findings),
        "unrelated": sum(finding.category == "unrelated" for finding in findings),
    }
    if sum(fields.values()) + result["unattributed"] + result["unrelated"] != result["total"]:
        raise Miscounted(f"{result['total']} lines of the console begin a report, {len(findings)} reports were judged")
    result["fields"].setdefault(FIELD, 0)
    return result


def sections(text):
    """The console's lines by the row of the workload that ran when they were printed."""
    parts, current = {}, None
    for line in console.lines_of(text):
        if match := re.match(r"tsoffset-race: (begin|end) (\w+)$", line):
            current = match[2] if match[1] == "begin" else None
            if current:
                parts.setdefault(current, [])
        elif current:
            parts[current].append(line)
    return parts
