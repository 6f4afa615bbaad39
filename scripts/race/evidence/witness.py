# SPDX-License-Identifier: GPL-2.0
"""The counts of the module's witness, compared with the workload and with KCSAN's reports."""

from collections import Counter

import console

from .source import FIELD

COUNTS = {"reads": "getsockopt", "possible": "overlap_possible", "certain": "overlap_certain", "torn": "torn",
          "missed": "missed", "unjudged": "unjudged", "overflow": "overflow"}


def collect(part, lines, judge, plain, missing, contradictions):
    """Returns the witness's counts, or None if the module did not run. plain: the tree's store is plain."""
    stats, load = part.get("witness-stats", {}), part.get("witness", {})
    if stats.get("witness") != "on":
        missing.append("the witness did not run")
        return None
    seen = {name: int(stats[f"reader_{line}"]) for name, line in COUNTS.items()}
    connects, reads = int(load.get("writes", 0)), int(load.get("reads", 0))
    for what, counted, made in (("reads", seen["reads"] + seen["missed"], reads),
                                ("connects", int(stats["connects_called"]), connects)):
        if counted != made:
            contradictions.append(f"the witness counted {counted} {what}, the workload {made}")
    if not 0 <= seen["certain"] <= seen["possible"] <= seen["reads"]:
        contradictions.append(f"the witness's counts do not fit: {seen}")
    # With a plain store, the module's marked load races as the kernel's load does. No other access of the module may race.
    reports = [report for report in console.kcsan_reports(lines) if console.about_module(report)]
    races = Counter(judge.judge(report).fields or "unattributed" for report in reports)
    for field, count in races.items():
        # Without debug information the field is unknown, and collect.py reports that.
        if judge.objects.fields and (field != FIELD or not plain):
            contradictions.append(f"KCSAN reports {count} races of the module's own on {field}")
    return seen | {"connects": connects, "seconds": int(load.get("seconds", 0)), "own_races": dict(races)}
