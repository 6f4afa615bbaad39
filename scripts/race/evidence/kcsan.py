# SPDX-License-Identifier: GPL-2.0
"""Attributes KCSAN's reports to fields.

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

# Functions on the paths in question. Without one of them among its innermost frames, a report is unrelated.
PATH = {"tcp_v6_connect", "tcp_v4_connect", "do_tcp_getsockopt", "do_tcp_setsockopt"}


class Miscounted(Exception):
    """The number of judged reports differs from the number of headers on the console."""


@dataclass
class Finding:
    """The attribution of a report."""

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
        """Returns the offset of an address in a TCP socket, for each kind of TCP socket."""
        return {(address % (4096 << slab["order"])) % slab["slab_size"] for slab in self.slabs}

    def candidates(self, access):
        """Returns the fields at the access's address, on the assumption that the address is in a socket."""
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
        # Both sides have lines. The address leaves a few fields, and the lines can name one of them.
        named = {name for name in candidates if any(re.search(rf"\b{name}\b", text) for _, text in lines)}
        chosen = named or (candidates if len(candidates) == 1 else set())
        places = tuple(sorted({place for place, _ in lines}))
        kinds = tuple(sorted(str(access) for access in accesses))
        if not chosen:
            return Finding("unattributed", functions=functions, accesses=kinds, lines=places)
        return Finding("field", "+".join(sorted(chosen)), functions, kinds, places)


def summary(findings, lines):
    """Counts the findings about a row's console lines by class.

    The sum has to equal the number of headers, which is counted separately: every report has a class.
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
    """Returns the console's lines by the row of the workload during which the kernel printed them."""
    parts, current = {}, None
    for line in console.lines_of(text):
        if match := re.match(r"tsoffset-race: (begin|end) (\w+)$", line):
            current = match[2] if match[1] == "begin" else None
            if current:
                parts.setdefault(current, [])
        elif current:
            parts[current].append(line)
    return parts
