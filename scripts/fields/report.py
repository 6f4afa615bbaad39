# SPDX-License-Identifier: GPL-2.0
"""Attributes the reports of a log to fields, and prints a table or a JSON document.

Usage: report.py --log FILE --kernel DIRECTORY... --cache DIRECTORY [--by line|function] [--source DIRECTORY] [--format table|json]
                 [--fields NAME...] --structs NAME...

Exit status: 0; 2 where no report could be attributed (to one of the fields), the log has none, or it is of another build.
"""

import argparse
import collections
import json
import pathlib
import sys
import tempfile

from audit.names import hint

from .attribute import Attributor
from .elsewhere import ByFunction, BySource
from .objects import Objects
from .reports import reports
from .table import table
from .tree import Tree


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--log", required=True, type=pathlib.Path)
    parser.add_argument("--cache", required=True, type=pathlib.Path)
    parser.add_argument("--reader", required=True)
    parser.add_argument("--kernel", required=True, type=pathlib.Path, nargs="+", help="several only with --by function")
    parser.add_argument("--by", choices=("line", "function"), default="line",
                        help="function: the log is of another source than the build; by the names of functions alone")
    parser.add_argument("--source", type=pathlib.Path, help="the source that the lines in the log are of, without a build")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    parser.add_argument("--structs", nargs="+", required=True)
    parser.add_argument("--fields", nargs="+", help="shows the reports about these only, and what cannot be told")
    return parser.parse_args()


def die(text):
    print(f"tsoffset: fields: {text}", file=sys.stderr)
    sys.exit(2)


def other_build(objects, found):
    """Returns why the log is of another build, or "": all functions have another size, or the build has none of them.

    Where some functions have another size, Attributor.another_build() judges each report: a log can have reports of several builds.
    """
    sizes = {(frame.function, frame.size) for report in found for access in report.accesses for frame in access.frames if frame.size}
    known = {one: objects.sizes(one[0]) for one in sizes}
    checked = {one: own for one, own in known.items() if own}
    wrong = sorted(one for one, own in checked.items() if not any(one[1] in size for size in own))
    if not checked:
        return "the log names no function of the build with its size: nothing shows that it is of this build"
    if len(wrong) < len(checked):
        return ""
    name, size = wrong[0]
    return (f"the log is of another build: {len(wrong)} of {len(checked)} functions have another size, "
            f"as {name}() with 0x{size:x} in the log and 0x{checked[wrong[0]][0].start:x} in the build")


def about(finding, fields):
    """Returns whether to show a finding: about one of the fields, alone or in a pair, or without a field."""
    return not fields or not finding.field or not fields.isdisjoint(finding.field.split("+"))


def show(groups, total, told, fields):
    rows = [("field", "reports", "by", "accesses", "lines")]
    for (field, by, _, accesses, places), count in groups:
        if field:
            shown = by if by != "function" else "function, of another source"
            rows.append((field, str(count), shown, "; ".join(accesses), ", ".join(places) or "-"))
    if len(rows) > 1:
        table(rows)
    for (field, _, reason, accesses, _), count in groups:
        if not field:
            print(f"cannot tell: {count} x {'; '.join(accesses) or 'no access'}: {reason}")
    asked = f", {sum(count for one, count in groups if one.field)} of them to {', '.join(sorted(fields))}" if fields else ""
    print(f"{total} reports: {told} attributed{asked}, {total - told} not")


def judged(kernel, found, options):
    """Returns the finding of one build about each report."""
    with tempfile.TemporaryDirectory() as scratch:
        objects = Objects(kernel, scratch)
        here = options.by == "line" and not options.source
        if here and not all(report.cut for report in found) and (why := other_build(objects, found)):
            die(f"{why}; BY=function goes by the names of functions alone, SOURCE= by the lines that the log has")
        tree = Tree(objects, options.structs, options.cache, options.reader)
        if missing := set(options.structs) - tree.layout.structures():
            die(f"no file of the build defines struct {', '.join(sorted(missing))}")
        for name in options.fields or ():
            if name not in tree.layout.fields:
                die(f"{name} is no field of {', '.join(options.structs)}{hint(name, tree.layout.fields, objects.source)}")
        attributor = Attributor(objects, tree) if here else BySource(objects, tree, options.source) if options.source \
            else ByFunction(objects, tree)
        return [attributor.judge(report) for report in found]


def agreed(findings):
    """Returns the common finding of several builds about one report."""
    told = {finding.field for finding in findings} - {""}
    if len(told) > 1:
        return findings[0]._replace(field="", reason=f"the builds say {' and '.join(sorted(told))}")
    return next((finding for finding in findings if finding.field), findings[-1])


def main():
    options = arguments()
    found = reports(options.log.read_text(errors="replace"))
    if not found:
        die(f"no KCSAN report in {options.log.name}")
    if all(report.cut for report in found):
        print(f"tsoffset: fields: every report of {options.log.name} is cut: lines are missing, or have a form that make fields does not "
              "know", file=sys.stderr)
    findings = [agreed(each) for each in zip(*(judged(kernel, found, options) for kernel in options.kernel))]
    told, fields = sum(bool(finding.field) for finding in findings), set(options.fields or ())
    shown = [finding for finding in findings if about(finding, fields)]
    groups = sorted(collections.Counter(shown).items(), key=lambda item: (-item[1], item[0]))
    if options.format == "json":
        print(json.dumps({"version": 1, "reports": len(found), "attributed": told, "cut": sum(report.cut for report in found),
                          "asked": sorted(fields), "about": sum(bool(finding.field) for finding in shown),
                          "findings": [finding._asdict() | {"count": count} for finding, count in groups]}))
    else:
        show(groups, len(found), told, fields)
    if not any(finding.field for finding in shown):
        die(f"no report could be attributed{' to ' + ', '.join(sorted(fields)) if fields else ''}")


if __name__ == "__main__":
    main()
