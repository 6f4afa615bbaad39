# SPDX-License-Identifier: GPL-2.0
"""What a patch does to a field, by KCSAN's reports before and after it."""

# Reports vanish or appear by chance with a probability below this.
CHANCE = 0.01
# How much shorter the run after a patch may be.
SHORTER = 0.9


def of(kernel, name):
    """The reports about a field, those about two fields of one byte included."""
    return sum(one["count"] for one in about(kernel, name))


def about(kernel, name):
    return [one for one in kernel["findings"] if name == one["field"] or name in one["field"].split("+")]


def functions(findings):
    """The functions that findings name: of "plain read of 4 in f", f."""
    return {access.rsplit(" in ", 1)[-1] for one in findings for access in one["accesses"]} - {"?"}


def untold(kernel, racing):
    """Why a run may have had a report about a field that is counted nowhere; "" if it had none. racing: the functions of the other run."""
    if kernel["unread"]:
        return f"{kernel['name']}: {len(kernel['unread'])} files were not read: {kernel['unread'][0]}"
    for one in kernel["findings"]:
        if not one["field"] and (both := functions([one]) & racing):
            return (f"{kernel['name']}: a report in {min(both)}(), which races on the field in the other run, is not attributed: "
                    f"{one['reason']}")
    return ""


def chance(count, there, other):
    """The probability that all reports of two runs alike are in the first one. Each report is in a run by its share of watchpoints."""
    own, others = there["kcsan"]["watchpoints"], other["kcsan"]["watchpoints"]
    return (own / (own + others)) ** count


def verdict(name, before, after):
    """What a patch does to a field; "" where the evidence does not tell, with the reason: (verdict, reason)."""
    for kernel in (before, after):
        if kernel["missing"]:
            return "", kernel["missing"][0]
    first, then = of(before, name), of(after, name)
    if first and then:
        return "does not fix", ""
    there, quiet = (before, after) if first else (after, before)
    if reason := untold(quiet, functions(about(there, name))):
        return "", reason
    by_chance = chance(first + then, there, quiet)
    if not first:
        return ("breaks", "") if by_chance < CHANCE else ("nothing to fix", "no report before the patch")
    if by_chance >= CHANCE:
        return "", (f"{first} reports before the patch may be chance: none would follow without it with a probability of {by_chance:.1%}; "
                    "repeat it with a longer run")
    if after["seconds"] < SHORTER * before["seconds"]:
        return "", f"{after['seconds']} seconds with the patch, {before['seconds']} without"
    return "fixes", ""
