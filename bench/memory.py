# SPDX-License-Identifier: GPL-2.0
"""Splits the measured memory of the module into its parts, and works it out for a large host."""

import collections

# A measured load, as selftests/guest/bench-memory.sh prints it.
Load = collections.namedtuple("Load", "possible online namespaces outcomes bytes")

# The large host: all of its processors are online.
PROCESSORS, NAMESPACES = 128, 1000


def split(loads, outcomes):
    """Returns the bytes of each part with this value of outcomes=, or None without all loads."""
    taken = {(load.possible, load.online, load.namespaces): load.bytes for load in loads if load.outcomes == outcomes}
    if len(taken) < 6:
        return None
    few, many = min(key[0] for key in taken), max(key[0] for key in taken)
    more = max(key[2] for key in taken)
    # What the namespaces beyond the initial one take, each.
    each = {possible: (taken[possible, 1, more] - taken[possible, 1, 1]) / (more - 1) for possible in (few, many)}
    namespace_cpu = (each[many] - each[few]) / (many - few)
    namespace = each[few] - few * namespace_cpu
    online = taken[many, 2, 1] - taken[many, 1, 1]
    possible = (taken[many, 1, 1] - taken[few, 1, 1]) / (many - few) - namespace_cpu
    fixed = taken[few, 1, 1] - few * (possible + namespace_cpu) - online - namespace
    return {"once": fixed, "for each possible CPU": possible, "for each CPU that is or was online": online,
            "for each namespace": namespace, "for each namespace and possible CPU": namespace_cpu}


def host(parts):
    """Returns the bytes for the large host."""
    times = (1, PROCESSORS, PROCESSORS, NAMESPACES, NAMESPACES * PROCESSORS)
    return sum(number * size for number, size in zip(times, parts.values()))


def parts(loads):
    """Returns [{"of": ..., "bytes": ...}], or [] if the bench measured no memory."""
    found = []
    for outcomes, label in ((0, "by default"), (4096, "with outcomes=4096")):
        of = split(loads, outcomes)
        if of is None:
            return []
        found += [{"of": f"{name}, {label}", "bytes": round(size)} for name, size in of.items()]
        found.append({"of": f"for {PROCESSORS} CPUs and {NAMESPACES:,} namespaces, {label}", "bytes": round(host(of))})
    # The sockets' slots, as outcomes= is increased.
    slots = {load.outcomes: load.bytes for load in loads if load.online == load.possible == load.namespaces == 1}
    most = max(slots)
    found.append({"of": "for each tracked socket (outcomes=)", "bytes": round((slots[most] - slots[4096]) / (most - 4096))})
    return found


def table(found):
    """Returns the lines of a table in Markdown, or no lines."""
    if "memory" not in found:
        return []
    return ["| memory of the loaded module | bytes |", "|---|--:|",
            *(f"| {part['of']} | {part['bytes']:,} |" for part in found["memory"]), ""]
