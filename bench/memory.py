# SPDX-License-Identifier: GPL-2.0
"""Splits the measured memory of the module into its parts, and works it out for a large host."""

import collections

# A measured load, as selftests/guest/bench-memory.sh prints it.
Load = collections.namedtuple("Load", "cpus namespaces outcomes bytes")

# The large host: all of its processors are online.
PROCESSORS, NAMESPACES = 128, 1000

# The measured value of outcomes=, and the larger one that shows the size of a slot.
OUTCOMES, MORE_OUTCOMES = 4096, 65536

NAMES = ("once", "for each CPU", "for each namespace", "for each namespace and CPU")


def line(few, low, many, high):
    """Returns the bytes once and for each one, from the bytes of few and of many."""
    each = (high - low) / (many - few)
    return low - few * each, each


def split(loads):
    """Returns the bytes of each of NAMES by default, those with OUTCOMES, and the bytes of a slot; or None without all loads."""
    taken = {(load.cpus, load.namespaces, load.outcomes): load.bytes for load in loads}
    cpus = {load.cpus for load in loads}
    if len(taken) < 10 or len(cpus) != 2:
        return None
    few, many = min(cpus), max(cpus)
    more = max(load.namespaces for load in loads)

    def sizes(outcomes):
        # The namespaces beyond the initial one take this each.
        each = {number: (taken[number, more, outcomes] - taken[number, 1, outcomes]) / (more - 1) for number in cpus}
        namespace, namespace_cpu = line(few, each[few], many, each[many])
        once, cpu = line(few, taken[few, 1, outcomes], many, taken[many, 1, outcomes])
        return once - namespace, cpu - namespace_cpu, namespace, namespace_cpu

    slot = (taken[few, 1, MORE_OUTCOMES] - taken[few, 1, OUTCOMES]) / (MORE_OUTCOMES - OUTCOMES)
    return sizes(0), sizes(OUTCOMES), slot


def host(sizes):
    """Returns the bytes for the large host."""
    times = (1, PROCESSORS, NAMESPACES, NAMESPACES * PROCESSORS)
    return sum(number * size for number, size in zip(times, sizes))


def parts(loads):
    """Returns [{"of": ..., "bytes": ...}], or [] if the bench measured no memory."""
    sizes = split(loads)
    if sizes is None:
        return []
    *both, slot = sizes
    found = []
    for part, label in zip(both, ("by default", f"with outcomes={OUTCOMES}")):
        found += [{"of": f"{name}, {label}", "bytes": round(size)} for name, size in zip(NAMES, part)]
        found.append({"of": f"for {PROCESSORS} CPUs and {NAMESPACES:,} namespaces, {label}", "bytes": round(host(part))})
    found.append({"of": "for each tracked socket (outcomes=)", "bytes": round(slot)})
    return found


def table(found):
    """Returns the lines of a table in Markdown, or no lines."""
    if "memory" not in found:
        return []
    return ["| memory of the loaded module | bytes |", "|---|--:|",
            *(f"| {part['of']} | {part['bytes']:,} |" for part in found["memory"]), ""]
