# SPDX-License-Identifier: GPL-2.0
"""Compares the figures of a bench with those of an earlier one, as in docs/cost.json."""

# Growth of a cost, as a share, up to which it is no finding.
TOLERANCE = 0.02


def figures(found):
    """Returns {name: (figure, low, high)} of all figures of a bench. A figure without an interval is its own interval."""
    named = {}
    for call, part in {"connect": found, **found["calls"]}.items():
        if part["base"] is not None:
            named[f"{call} without a candidate"] = (part["base"],) * 3
        for candidate in part["candidates"]:
            named[candidate["name"]] = (candidate["added"], candidate["low"], candidate["high"])
    for measured in found.get("measured", ()):
        named[f"{measured['unit']} {measured['what']}"] = (measured["figure"],) * 3
    # The kernel counts pages.
    for part in found.get("memory", ()):
        named[f"bytes {part['of']}"] = (part["bytes"], 0.9 * part["bytes"], 1.1 * part["bytes"])
    return named


def since(earlier, found):
    """Returns the figures that differ from the earlier ones. A figure has changed if the two intervals have no value in common."""
    was, now = figures(earlier), figures(found)
    both = [name for name in now if name in was]
    changed = [name for name in both if was[name][1] > now[name][2] or was[name][2] < now[name][1]]
    return {
        "kernel": earlier["kernel"],
        "changed": [{"name": name, "was": was[name][0], "is": now[name][0]} for name in changed],
        "new": [{"name": name, "is": now[name][0]} for name in now if name not in was],
        "unmeasured": [name for name in was if name not in now],
        "same": len(both) - len(changed),
    }


def dearer(earlier, found):
    """Returns the names of tsoffset's candidates for connect() whose cost has grown by more than the tolerance."""
    was = figures(earlier)
    return [c["name"] for c in found["candidates"] if c["name"].startswith("tsoffset") and c["name"] in was
            and c["added"] > was[c["name"]][0] * (1 + TOLERANCE)]


def table(since):
    """Returns the changes as Markdown."""
    lines = [f"Changed since docs/cost.json ({since['kernel']}), besides {since['same']} equal figures:", "",
             "| figure | was | is | change |", "|---|--:|--:|--:|"]
    for change in since["changed"]:
        more = change["is"] - change["was"]
        share = f" ({100 * more / change['was']:+.1f} %)" if change["was"] else ""
        lines.append(f"| {change['name']} | {change['was']:,} | {change['is']:,} | {more:+,}{share} |")
    lines += [f"| {new['name']} | | {new['is']:,} | new |" for new in since["new"]]
    if not since["changed"] and not since["new"]:
        lines.append("| none | | | |")
    if since["unmeasured"]:
        lines += ["", f"This run did not measure {len(since['unmeasured'])} of the earlier figures."]
    return "\n".join(lines) + "\n"
