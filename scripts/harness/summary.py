#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Judges a run of selftests/guest/run.sh and prints the result in one line.

Usage: summary.py OUTPUT CONSOLE RELEASE NAME. Exits 0 if three conditions hold, otherwise 1. The module followed every
connect that the workload counted, with the right offset. The ledger balances. On a kernel with KCSAN, KCSAN set up
watchpoints.
"""

import pathlib
import sys

import console


def sections(text):
    """Returns the "name value" lines of each section."""
    found, current = {}, {}
    for line in text.splitlines():
        words = line.split()
        if line.startswith("== "):
            current = found.setdefault(words[1], {})
        elif len(words) == 2:
            current[words[0]] = words[1]
    return found


def main():
    output, log, release, name = sys.argv[1:]
    part = sections(pathlib.Path(output).read_text(errors="replace"))
    if "end" not in part:
        sys.exit("tsoffset: the run did not reach its end")

    stats = part["stats"]
    counted = sum(int(part[where]["connects"]) for where in ("loopback", "veth"))
    problems = []

    def want(line, value):
        if stats.get(line) != str(value):
            problems.append(f"{line} is {stats.get(line)} instead of {value}")

    for line in ("connects_called", "connects_entered", "connects_returned", "offset_match"):
        want(line, counted)
    for line in ("connects_missed", "connects_capped", "connects_in_flight", "connects_failed", "offset_mismatch"):
        want(line, 0)
    want("ledger", "balanced")
    want("probe_armed", 1)

    kcsan = "no KCSAN"
    if "kcsan" in name or part["kcsan-after"]:
        before, after = part["kcsan-before"], part["kcsan-after"]
        watched = int(after.get("setup_watchpoints", 0)) - int(before.get("setup_watchpoints", 0))
        if after.get("enabled") != "1":
            problems.append("KCSAN is not on")
        elif watched <= 0:
            problems.append("KCSAN set up no watchpoint during the run")
        kcsan = f"KCSAN on, {watched} watchpoints"

    reports = console.kcsan_reports(console.lines_of(pathlib.Path(log).read_text(errors="replace")))
    others = f" about the module ({len(reports)} about the kernel: see the console)" if reports else ""
    print(f"tsoffset on {release} ({kcsan}): {counted} connects, {stats['offset_match']} matched, "
          f"{stats['offset_mismatch']} mismatched, {stats['connects_missed']} missed, "
          f"ledger {stats['ledger']}, no reports{others}")
    for problem in problems:
        print(f"tsoffset: {problem}")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
