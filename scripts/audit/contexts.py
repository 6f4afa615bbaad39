# SPDX-License-Identifier: GPL-2.0
"""Tells the lock under which a function runs, or why the object is not published yet.

A lock counts if every path of the function takes it, every caller that was read holds it, or the file contexts says so. Without that, the
answer is "not told".
"""

from collections import defaultdict

from .listed import LOCKLESS, Verdict, known_contexts, verdict

LOCKS = ("lock_sock", "lock_sock_fast", "sockopt_lock_sock", "not owned", "sock_owned_by_me", "msk_owned_by_me", "cloned")


def locks(held, origin):
    """Returns {lock: line} of the locks that a function holds on the object."""
    found = {}
    for one in held.split(";") if held else ():
        lock, line = one.rsplit("@", 1)
        kind, of = lock.split(":", 1)
        if of == origin:
            found[kind] = int(line)
    return found


def together(found):
    """Merges the verdicts of several callers."""
    # One lockless caller makes the verdict lockless. Otherwise one unknown caller makes it unknown.
    for status in ("none", "not told"):
        those = [one for one in found if one.status == status]
        if those:
            break
    else:
        those, status = found, "new" if {one.status for one in found} == {"new"} else "locked"
    return Verdict(status, frozenset().union(*(one.reasons for one in those)))


class Contexts:
    """The locks in a kernel's functions that were read."""

    def __init__(self, collected):
        self.collected, self.known, self.told = collected, known_contexts(), {}
        self.callers = defaultdict(list)
        for call in collected.calls:
            self.callers[call.callee].append(call)

    def here(self, function, origin, held):
        """Returns the verdict by the function's own locks, or None without any."""
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
        """Returns the verdict on an object at a place of a function."""
        return self.here(function, origin, held) or self.passed(function, origin)

    def passed(self, function, origin):
        """Returns the verdict on a function's parameter."""
        key = self.parameter(function, origin)
        if isinstance(key, Verdict):
            return key
        if key not in self.told:
            self.ask(key)
        return self.told[key]

    def parameter(self, function, origin):
        """Returns (function, number of the parameter), or a Verdict if the object is no parameter."""
        parameters = self.collected.parameters.get(function, [])
        if origin not in parameters:
            return verdict("not told", f"which object {function}() has is not followed")
        return function, parameters.index(origin)

    def itself(self, key):
        """Returns the verdict without the callers, or None if the callers decide."""
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
        """Returns the callers' arguments for this parameter: Verdicts, and keys of their own parameters."""
        function, number = key
        for call in self.callers[function]:
            origin = call.origins[number] if number < len(call.origins) else ""
            yield self.here(call.function, origin, call.held) or self.parameter(call.function, origin)

    def ask(self, key):
        """Judges a parameter together with all parameters that it depends on, because functions may call each other."""
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
        # No function outside calls these.
        dead = [one for one in sources if one not in self.told]
        for one in dead:
            sources[one].append(verdict("not told", f"only functions that call each other call {one[0]}()"))
        if dead:
            self.settle(sources)

    def settle(self, sources):
        """Repeats until no answer changes. A function that calls itself is as locked as its other callers."""
        changed = True
        while changed:
            changed = False
            # The last keys are the nearest to known verdicts.
            for key in reversed(sources):
                found = [self.told.get(source, source) for source in sources[key]]
                found = [one for one in found if isinstance(one, Verdict)]
                if found and self.told.get(key) != (one := together(found)):
                    self.told[key], changed = one, True
