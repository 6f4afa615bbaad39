#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Attributes the instructions that the plugin of `make instructions` counted.

Usage: report.py table|json DIRECTORY MODULE.KO where DIRECTORY/output is the guest's output and DIRECTORY/executions is the
plugin's file. Prints the instructions that the module adds to a connect, by function, and writes DIRECTORY/NAME.listing: each
instruction of the module's functions, with its executions per connect. Exits 1 if a handler did not run once
for each connect, or if code of the module ran in a phase without the module.
"""

import base64
import bisect
import collections
import gzip
import json
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import symbols  # noqa: E402

WITHOUT = "without"
# A function of the kernel is listed from this number of added instructions per connect. Timers and idle code scatter below.
LEAST = 8


class Phase:
    """One configuration of the module."""

    def __init__(self, name, calls):
        self.name, self.calls = name, calls
        # Sorted (address, name, whether the module has the function).
        self.symbols = []
        # Executions of each instruction.
        self.executions = {}

    def by_function(self):
        """Returns the executions per connect, {(whether of the module, name of the function): times}."""
        counts = collections.Counter()
        for address, times in self.executions.items():
            at = bisect.bisect_right(self.symbols, (address, "\x7f", True)) - 1
            _, name, mine = self.symbols[at] if at >= 0 else (0, "unknown", False)
            counts[mine, name] += times
        return {key: times / self.calls for key, times in counts.items()}


def read(directory):
    """Returns the kernel's release and the phases."""
    release, kernel, phases, functions = None, [], {}, collections.defaultdict(list)
    for line in (directory / "output").read_text().splitlines():
        match line.split():
            case ["kernel", release]:
                pass
            case ["kallsyms", text]:
                pairs = (pair.split() for pair in gzip.decompress(base64.b64decode(text)).decode().splitlines())
                kernel = [(int(address, 16), name, False) for address, name in pairs]
            case ["symbol", number, address, name, owner]:
                functions[number].append((int(address, 16), name, owner == "[tsoffset]"))
            case ["phase", number, name, calls]:
                phases[number] = Phase(name, int(calls))
    for number, phase in phases.items():
        phase.symbols = sorted(kernel + functions[number])
    marks = {}
    for line in (directory / "executions").read_text().splitlines():
        match line.split():
            case ["mark", number, times]:
                marks[number] = int(times)
            case ["ran", number, address, times] if number in phases:
                phases[number].executions[int(address, 16)] = int(times)
    if any(marks.get(number) != 1 for number in phases):
        raise SystemExit(f"report: the plugin saw the marks {marks}")
    return release, list(phases.values())


def added(phase, without):
    """Returns what a configuration adds to a connect: [(whether of the module, function, instructions)], the most first."""
    base, now = without.by_function(), phase.by_function()
    rows = [(mine, name, now.get((mine, name), 0) - base.get((mine, name), 0)) for mine, name in set(base) | set(now)]
    return sorted((row for row in rows if row[0] or abs(row[2]) >= LEAST), key=lambda row: -row[2])


def listing(phase, module):
    """Yields the lines of a listing of the module's instructions, the most expensive function first."""
    costs = {name: times for (mine, name), times in phase.by_function().items() if mine}
    starts = {name: address for address, name, mine in phase.symbols if mine}
    names = symbols.demangled(sorted(costs))
    for name, cost in sorted(costs.items(), key=lambda item: -item[1]):
        yield f"\n{cost:.0f} instructions of a connect: {names[name]} ({name})"
        text = subprocess.run(["llvm-objdump", "--disassemble", "--reloc", "--no-show-raw-insn", f"--disassemble-symbols={name}", module],
                              text=True, check=True, stdout=subprocess.PIPE).stdout
        first = None
        for line in text.splitlines():
            if found := re.match(r"\s*([0-9a-f]+):\s+(?!R_)(\S.*)", line):
                first = int(found[1], 16) if first is None else first
                times = phase.executions.get(starts[name] + int(found[1], 16) - first, 0) / phase.calls
                yield f"{times or '':>8}  {found[2]}"
            elif "R_X86_64" in line:
                yield f"{'':>8}      {' '.join(line.split()[1:])}"


def main():
    directory, module = pathlib.Path(sys.argv[2]), sys.argv[3]
    release, phases = read(directory)
    without, again = [phase for phase in phases if phase.name == WITHOUT]
    wrong, tables = [], {}
    # From the first function of the module to its last one, in each phase with the module.
    of_modules = [(min(mine), max(mine)) for mine in ([address for address, _, mine in phase.symbols if mine] for phase in phases) if mine]
    for phase in phases:
        if phase.name == WITHOUT:
            stray = sum(times for address, times in phase.executions.items() if any(a <= address < b for a, b in of_modules))
            if stray:
                wrong.append(f"{phase.name}: {stray} instructions ran where a module was or will be")
            continue
        of_module = {name: times for (mine, name), times in phase.by_function().items() if mine}
        if not of_module:
            wrong.append(f"{phase.name}: no function of the module ran")
        # The kernel calls each handler of a connect once.
        for handler in "entry_handler", "return_handler":
            first = [phase.executions.get(address, 0) for address, name, mine in phase.symbols if mine and handler in name]
            if sum(first) != phase.calls:
                wrong.append(f"{phase.name}: {handler} ran {sum(first)} times in {phase.calls} connects")
        names = symbols.demangled(sorted(of_module))
        tables[phase.name] = [("module" if mine else "kernel", names.get(name, name) if mine else name, times)
                              for mine, name, times in added(phase, without)]
        (directory / f"{phase.name}.listing").write_text("\n".join(listing(phase, module)) + "\n")
    scatter = sum(abs(times) for _, _, times in added(again, without))
    if sys.argv[1] == "json":
        print(json.dumps({"version": 1, "kernel": release, "wrong": wrong, "scatter": scatter, "configurations": {
            name: [{"of": of, "function": function, "instructions": times} for of, function, times in rows]
            for name, rows in tables.items()}}, indent=1))
    else:
        print(f"Instructions that the module adds to a connect and its close ({release}):")
        for name, rows in tables.items():
            print(f"\n| {name} | function | instructions |\n|---|---|--:|")
            for of, function, times in rows:
                print(f"| {of} | `{function}` | {times:,.1f} |")
            print(f"| in total | | {sum(times for _, _, times in rows):,.1f} |")
        print(f"\nKernel functions below {LEAST} instructions are left out. Two runs without the module differ by {scatter:,.1f} "
              "instructions.")
    for said in wrong:
        print(f"report: {said}", file=sys.stderr)
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
