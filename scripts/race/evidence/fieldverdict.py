# SPDX-License-Identifier: GPL-2.0
"""The verdict on a patch for a field, by KCSAN's reports before and after the patch."""

# A verdict requires that the probability of chance is below this limit.
CHANCE = 0.01
# Least duration of the run after a patch, relative to the run before.
SHORTER = 0.9


def of(kernel, name):
    """Returns the number of reports about a field, including reports about two fields of one byte."""
    return sum(one["count"] for one in about(kernel, name))


def about(kernel, name):
    return [one for one in kernel["findings"] if name == one["field"] or name in one["field"].split("+")]


def functions(findings):
    """Returns the functions that findings name, such as f of "plain read of 4 in f"."""
    return {access.rsplit(" in ", 1)[-1] for one in findings for access in one["accesses"]} - {"?"}


def untold(kernel, racing):
    """Returns why a run may have an uncounted report about a field, or "". racing: the functions of the other run."""
    if kernel["unread"]:
        return f"{kernel['name']}: {len(kernel['unread'])} files were not read: {kernel['unread'][0]}"
    for one in kernel["findings"]:
        if not one["field"] and (both := functions([one]) & racing):
            return (f"{kernel['name']}: a report in {min(both)}(), which races on the field in the other run, is not attributed: "
                    f"{one['reason']}")
    return ""


def chance(count, there, other):
    """Returns the probability that equal runs have all reports in the first one. Each report is in a run by its share of watchpoints."""
    own, others = there["kcsan"]["watchpoints"], other["kcsan"]["watchpoints"]
    return (own / (own + others)) ** count


def verdict(name, before, after):
    """Returns (verdict, reason) on a patch for a field. The verdict is "" if the evidence does not tell."""
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
