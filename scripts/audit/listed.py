# SPDX-License-Identifier: GPL-2.0
"""The functions that the files contexts and lockless list."""

import pathlib
from collections import namedtuple

# status: locked, new, none or not told. reasons: one, or those of the callers.
Verdict = namedtuple("Verdict", "status reasons")


def verdict(status, reason):
    return Verdict(status, frozenset([reason]))


def entries(name):
    """Returns the lines of a file in this directory, without comments."""
    lines = (line.strip() for line in pathlib.Path(__file__).with_name(name).read_text().splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def known_contexts():
    """Returns {(function, number of the parameter): Verdict}."""
    found = {}
    for line in entries("contexts"):
        function, parameter, status, reason = line.split(None, 3)
        found[function, int(parameter)] = verdict(status.replace("-", " "), reason)
    return found


# Functions that run without the socket lock: a plain load in them is as lockless as a marked one.
LOCKLESS = dict(line.split(None, 1) for line in entries("lockless"))
