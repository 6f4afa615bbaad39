# SPDX-License-Identifier: GPL-2.0
"""Under which lock a function runs, or why nobody else has the object yet, as far as that can be told.

A lock counts if every path of the function takes it, every caller that was read holds it, or the file contexts says so. Without that, the
answer is "not told".
"""

from collections import defaultdict

from .listed import LOCKLESS, Verdict, known_contexts, verdict

LOCKS = ("lock_sock", "lock_sock_fast", "sockopt_lock_sock", "not owned", "sock_owned_by_me", "msk_owned_by_me", "cloned")


def locks(held, origin):
    """{lock: line} that a function holds on the object."""
    found = {}
    for one in held.split(";") if held else ():
        lock, line = one.rsplit("@", 1)
        kind, of = lock.split(":", 1)
        if of == origin:
            found[kind] = int(line)
    return found


def together(found):
    """Of several callers."""
    # Lockless even once is lockless; what is not told for one caller is not told.
    for status in ("none", "not told"):
        those = [one for one in found if one.status == status]
        if those:
            break
    else:
        those, status = found, "new" if {one.status for one in found} == {"new"} else "locked"
    return Verdict(status, frozenset().union(*(one.reasons for one in those)))


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
            return verdict("new", f"{function}() has just made it (line {found['new']})")
        for lock in LOCKS:
            if lock not in found:
                continue
            if lock == "not owned":
                return verdict("locked", f"bh_lock_sock() in {function}(), and no owner (line {found[lock]})")
            if lock == "cloned":
                return verdict("locked", f"a clone, which {function}() has from line {found[lock]}, is locked from the start")
            return verdict("locked", f"{lock}() in {function}() (line {found[lock]})")
        return None

    def of(self, function, origin, held):
        """Of an object at a place of a function."""
        return self.here(function, origin, held) or self.passed(function, origin)

    def passed(self, function, origin):
        """Of the object that a function gets as a parameter."""
        key = self.parameter(function, origin)
        if isinstance(key, Verdict):
            return key
        if key not in self.told:
            self.ask(key)
        return self.told[key]

    def parameter(self, function, origin):
        """(function, number of the parameter), or the Verdict where there is none."""
        parameters = self.collected.parameters.get(function, [])
        if origin not in parameters:
            return verdict("not told", f"which object {function}() has is not followed")
        return function, parameters.index(origin)

    def itself(self, key):
        """Without its callers; None where they tell."""
        function = key[0]
        if key in self.known:
            return self.known[key]
        if function in LOCKLESS:
            return verdict("none", f"{function}(): {LOCKLESS[function]}")
        if function in self.collected.shared:
            return verdict("not told", f"several functions are called {function}()")
        if function in self.collected.references:
            return verdict("not told", f"{function}() is called through a pointer")
        if not self.callers[function]:
            return verdict("not told", f"no file read here calls {function}()")
        return None

    def asked(self, key):
        """What callers hand to this parameter: Verdicts, and keys of their own parameters."""
        function, number = key
        for call in self.callers[function]:
            origin = call.origins[number] if number < len(call.origins) else ""
            yield self.here(call.function, origin, call.held) or self.parameter(call.function, origin)

    def ask(self, key):
        """Tells it of a parameter and of all that it depends on, at once: functions may call each other."""
        sources, waiting = {}, [key]
        while waiting:
            one = waiting.pop()
            if one in self.told or one in sources:
                continue
            alone = self.itself(one)
            if alone:
                self.told[one] = alone
                continue
            sources[one] = list(self.asked(one))
            waiting += [source for source in sources[one] if not isinstance(source, Verdict)]
        self.settle(sources)
        # Nobody outside calls these.
        dead = [one for one in sources if one not in self.told]
        for one in dead:
            sources[one].append(verdict("not told", f"only functions that call each other call {one[0]}()"))
        if dead:
            self.settle(sources)

    def settle(self, sources):
        """Until no answer changes. A function that calls itself is as locked as its other callers."""
        changed = True
        while changed:
            changed = False
            # The last ones found are the nearest to those that know.
            for key in reversed(sources):
                found = [self.told.get(source, source) for source in sources[key]]
                found = [one for one in found if isinstance(one, Verdict)]
                if found and self.told.get(key) != (one := together(found)):
                    self.told[key], changed = one, True
