#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Judges the stores that the plugin of `make sharing` recorded.

Usage: report.py table|json RUN... where RUN.output is the guest's output and RUN.stores is the plugin's file. Prints a table
of the cache lines that the module's code wrote. Exits 1 if two processors wrote a line in a configuration of UNSHARED, if the
control has no such line, or if a run did not see every processor's stores.
"""

import bisect
import collections
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import symbols  # noqa: E402

# Configurations in which no two processors may write one line, and the one in which all of them do.
UNSHARED = ("default", "records=0")
CONTROL = "control"


class Phase:
    """One configuration of the module in one run."""

    def __init__(self, name, start, size, calls):
        self.name, self.start, self.end, self.calls = name, start, start + size, calls
        self.symbols = []
        # The processors that wrote a line, and the functions.
        self.lines = collections.defaultdict(lambda: (set(), set()))

    def function(self, address):
        """Returns the name of the function at an address."""
        at = bisect.bisect_right(self.symbols, (address, "\x7f")) - 1
        return self.symbols[at][1] if at >= 0 else "unknown"

    def shared(self):
        """Returns the lines that two or more processors wrote, as [{"line": ..., "processors": [...], "functions": [...]}]."""
        return [{"line": hex(line), "processors": sorted(processors), "functions": sorted(functions)}
                for line, (processors, functions) in sorted(self.lines.items()) if len(processors) > 1]

    def processors(self):
        return set().union(*(processors for processors, _ in self.lines.values()))


def read(run):
    """Returns the kernel's release and the phases of a run, by their numbers."""
    release, phases, functions, names = None, {}, collections.defaultdict(list), set()
    for line in run.with_name(run.name + ".output").read_text().splitlines():
        match line.split():
            case ["kernel", release]:
                pass
            case ["symbol", number, address, name]:
                functions[number].append((int(address, 16), name))
                names.add(name)
            case ["phase", number, name, start, size, calls]:
                phases[number] = Phase(name, int(start, 16), int(size), int(calls))
    paths = symbols.demangled(sorted(names))
    for number, phase in phases.items():
        phase.symbols = sorted((address, paths[name]) for address, name in functions[number])
    marks = {}
    for line in run.with_name(run.name + ".stores").read_text().splitlines():
        match line.split():
            case ["mark", number, times]:
                marks[number] = int(times)
            case ["unknown", times] if times != "0":
                raise SystemExit(f"report: {times} stores of {run} have no physical address")
            case ["store", number, processor, instruction, line, _]:
                phase, instruction = phases[number], int(instruction, 16)
                if phase.start <= instruction < phase.end:
                    processors, functions = phase.lines[int(line, 16)]
                    processors.add(int(processor))
                    functions.add(phase.function(instruction))
    if any(marks.get(number) != 1 for number in phases) or marks.get("0") != len(phases):
        raise SystemExit(f"report: the plugin of {run} saw the marks {marks}")
    return release, list(phases.values())


def judge(processors, phase):
    """Returns what is wrong with a phase, or None."""
    shared = phase.shared()
    if phase.processors() != set(range(processors)):
        return f"only the processors {sorted(phase.processors())} wrote"
    if phase.name in UNSHARED and shared:
        return f"{len(shared)} lines have two writers or more"
    if phase.name == CONTROL and processors > 1:
        everybody = list(range(processors))
        if not any(line["processors"] == everybody and any("advance" in f for f in line["functions"]) for line in shared):
            return "the shared counter is not found"
    return None


def main():
    runs = [(int(run.name), *read(run)) for run in map(pathlib.Path, sys.argv[2:])]
    wrong = [f"{processors} processors, {phase.name}: {said}" for processors, _, phases in runs for phase in phases
             if (said := judge(processors, phase))]
    if sys.argv[1] == "json":
        print(json.dumps({"version": 1, "kernel": runs[0][1], "wrong": wrong, "runs": [
            {"processors": processors, "configuration": phase.name, "connects": phase.calls, "lines": len(phase.lines),
             "shared": phase.shared()} for processors, _, phases in runs for phase in phases]}, indent=1))
    else:
        print(f"Cache lines that the module's code writes during connects ({runs[0][1]}):\n")
        print("| processors | configuration | connects | lines | with two writers or more | most writers | functions |")
        print("|--:|---|--:|--:|--:|--:|---|")
        for processors, _, phases in runs:
            for phase in phases:
                shared = phase.shared()
                functions = sorted({f"`{name}`" for line in shared for name in line["functions"]})
                most = max((len(line["processors"]) for line in shared), default=1)
                print(f"| {processors} | {phase.name} | {phase.calls:,} | {len(phase.lines):,} | {len(shared):,} | {most} "
                      f"| {', '.join(functions) or '-'} |")
    for said in wrong:
        print(f"report: {said}", file=sys.stderr)
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
