# SPDX-License-Identifier: GPL-2.0
"""Under which lock a function runs, or why nobody else has the object yet, as far as that can be told.

A lock counts where it is taken on every path of the function, where every caller that was read holds it, or where the file contexts
says so. Whatever is missing makes it "not told".
"""

import pathlib
from collections import defaultdict, namedtuple

# status: locked, new, none or not told.
Verdict = namedtuple("Verdict", "status reason")
LOCKS = ("lock_sock", "lock_sock_fast", "sockopt_lock_sock", "not owned", "sock_owned_by_me", "msk_owned_by_me")
DEEP = 25


def entries(name):
    """The lines of a file beside this one, without comments."""
    lines = (line.strip() for line in pathlib.Path(__file__).with_name(name).read_text().splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def known_contexts():
    """(function, number of the parameter) -> Verdict."""
    found = {}
    for line in entries("contexts"):
        function, parameter, status, reason = line.split(None, 3)
        found[function, int(parameter)] = Verdict(status, reason)
    return found


# Functions that run without the socket lock: a plain load in them is as lockless as a marked one.
LOCKLESS = dict(line.split(None, 1) for line in entries("lockless"))


def locks(held, origin):
    """{lock: line} that a function holds on the object."""
    found = {}
    for one in held.split(";") if held else ():
        lock, line = one.rsplit("@", 1)
        kind, of = lock.split(":", 1)
        if of == origin:
            found[kind] = int(line)
    return found


class Contexts:
    """Of a kernel whose functions were read."""

    def __init__(self, collected):
        self.collected, self.known, self.told = collected, known_contexts(), {}
        self.callers = defaultdict(list)
        for call in collected.calls:
            self.callers[call.callee].append(call)

    def here(self, function, origin, held):
        """By what the function does itself; None where it does nothing."""
        found = locks(held, origin) if origin else {}
        if "new" in found:
            return Verdict("new", f"{function}() has just made it (line {found['new']})")
        for lock in LOCKS:
            if lock not in found:
                continue
            if lock == "not owned":
                return Verdict("locked", f"bh_lock_sock() in {function}(), and no owner (line {found[lock]})")
            return Verdict("locked", f"{lock}() in {function}() (line {found[lock]})")
        return None

    def of(self, function, origin, held):
        """Of an object at a place of a function."""
        return self.here(function, origin, held) or self.passed(function, origin, 0)

    def passed(self, function, origin, depth):
        """Of the object that a function gets as a parameter."""
        parameters = self.collected.parameters.get(function, [])
        if origin not in parameters:
            return Verdict("not told", f"which object {function}() has is not followed")
        number = parameters.index(origin)
        if (function, number) in self.known:
            return self.known[function, number]
        if function in LOCKLESS:
            return Verdict("none", f"{function}(): {LOCKLESS[function]}")
        key = function, number
        if key not in self.told:
            # A function that calls itself is as locked as its other callers.
            self.told[key] = Verdict("recursion", "")
            self.told[key] = self.called(function, number, depth)
        return self.told[key]

    def called(self, function, number, depth):
        if function in self.collected.references:
            return Verdict("not told", f"{function}() is called through a pointer")
        if depth > DEEP:
            return Verdict("not told", "too many calls on the way")
        found = []
        for call in self.callers[function]:
            origin = call.origins[number] if number < len(call.origins) else ""
            verdict = self.here(call.function, origin, call.held) or self.passed(call.function, origin, depth + 1)
            if verdict.status != "recursion":
                found.append(verdict)
        if not found:
            return Verdict("not told", f"no file read here calls {function}()")
        # Lockless even once is lockless.
        for status in ("none", "not told"):
            for verdict in found:
                if verdict.status == status:
                    return verdict
        reasons = sorted({verdict.reason for verdict in found}, key=lambda reason: (len(reason), reason))
        more = f", and {len(reasons) - 1} more" if len(reasons) > 1 else ""
        status = "new" if {verdict.status for verdict in found} == {"new"} else "locked"
        return Verdict(status, f"{reasons[0]}{more}")
