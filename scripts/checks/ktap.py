#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Counts the results of a kselftest run with the kernel's own KTAP parser.

Usage: ktap.py KERNEL-SOURCE OUTPUT NAME RESULTS [MAY-BE-SKIPPED...]. Every script of the collection is a test, and its
checks are subtests. run_kselftest.sh puts "# " before their lines. Appends "ok|failed COUNT NAME" lines to
RESULTS. Exits 1 if a script failed, is missing, or was skipped without being in MAY-BE-SKIPPED.
"""

import inspect
import io
import pathlib
import re
import sys


def scripts_of(text):
    """Yields (script, its lines, True if it says ok) for each script of the collection."""
    lines = []
    for line in text.splitlines():
        result = re.match(r"(ok|not ok) \d+ selftests: (?:tsoffset|gauntlet): (\S+)", line)
        if result:
            yield result[2], lines, result[1] == "ok"
            lines = []
        elif line.startswith("# "):
            lines.append(line[2:])


def parse(lines):
    """Parses lines with the kernel's parser, without printing."""
    import kunit_parser
    import kunit_printer

    if "printer" in inspect.signature(kunit_parser.parse_run_tests).parameters:
        return kunit_parser.parse_run_tests(lines, kunit_printer.Printer(print=False))
    # The parser of older series prints to a module variable.
    kunit_parser.stdout = kunit_printer.Printer(io.StringIO())
    return kunit_parser.parse_run_tests(lines)


def main():
    source, output, name, results, *may_skip = sys.argv[1:]
    sys.path.insert(0, f"{source}/tools/testing/kunit")
    text = pathlib.Path(output).read_text(errors="replace")
    passed, failed, skipped, excused, seen = 0, [], [], [], 0
    for script, lines, fine in scripts_of(text):
        seen += 1
        test = parse(lines)
        counts = test.counts
        bad = counts.failed + counts.crashed + counts.errors
        passed += counts.passed
        if bad or not fine or not counts.passed and not counts.skipped:
            failed.append(script)
            print("\n".join(f"    {line}" for line in lines))
        if counts.skipped:
            (excused if script in may_skip else skipped).append(script)
    # The plan counts the scripts independently.
    plan = re.search(r"^1\.\.(\d+)$", text, re.M)
    if not plan or int(plan[1]) != seen:
        failed.append(f"the collection: {seen} of {plan[1] if plan else 'an unknown number of'} scripts ran")

    print(f"tsoffset: {name}: {passed} checks in {seen} scripts passed, "
          f"failed: {', '.join(failed) or 'none'}, skipped: {', '.join(skipped) or 'none'}"
          + (f", not for this kernel: {', '.join(excused)}" if excused else ""))
    with open(results, "a", encoding="utf-8") as file:
        file.write(f"ok {passed} {name}: selftests\n")
        for script in failed:
            file.write(f"failed 1 {name}: {script}\n")
        for script in skipped:
            # On this project's kernels, a skip means that an option is missing.
            file.write(f"failed 1 {name}: {script} (skipped)\n")
    sys.exit(1 if failed or skipped else 0)


if __name__ == "__main__":
    main()
