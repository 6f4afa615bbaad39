# SPDX-License-Identifier: GPL-2.0
"""The accesses in a tree's source: each writer's store of the field, and the lockless reader's load.

The expectation that all other evidence is held against comes from here, never from a version number.
"""

import pathlib
import re
from dataclasses import dataclass

FIELD = "tsoffset"
READER = ("net/ipv4/tcp.c", "do_tcp_getsockopt")
# Each path to a writer: the file and function with the store.
WRITERS = {
    "v6": ("net/ipv6/tcp_ipv6.c", "tcp_v6_connect"),
    "v4mapped": ("net/ipv4/tcp_ipv4.c", "tcp_v4_connect"),
    "v4": ("net/ipv4/tcp_ipv4.c", "tcp_v4_connect"),
    "repair": ("net/ipv4/tcp.c", "do_tcp_setsockopt"),
}


@dataclass
class Access:
    """One access in the source: its place, and whether it is marked (READ_ONCE, WRITE_ONCE)."""

    file: str
    function: str
    line: int
    text: str
    marked: bool


def body(path, function):
    """Yields (line number, text) of each line of a function. The kernel's style tells where a function ends."""
    inside, started = False, False
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not inside and re.match(rf"[a-z].*\b{function}\(", line) and not line.rstrip().endswith(";"):
            inside = True
        if inside:
            started = started or line.startswith("{")
            yield number, line
            if started and line.startswith("}"):
                return


def find(tree, file, function, marked, plain):
    found = []
    for number, line in body(pathlib.Path(tree, file), function):
        for pattern, is_marked in ((marked, True), (plain, False)):
            if re.search(pattern, line):
                found.append(Access(file, function, number, line.strip(), is_marked))
                break
    return found


def writer(tree, path):
    """Returns the store of a path, or None unless the expected function has exactly one store."""
    file, function = WRITERS[path]
    found = find(tree, file, function, rf"WRITE_ONCE\(tp->{FIELD}\b", rf"\btp->{FIELD}\s*[-+|]?=[^=]")
    return found[0] if len(found) == 1 else None


def reader(tree):
    """Returns the load in getsockopt(TCP_TIMESTAMP)."""
    found = find(tree, *READER, rf"READ_ONCE\(tp->{FIELD}\)", rf"\btp->{FIELD}\b(?!\s*=[^=])")
    return found[0] if len(found) == 1 else None
