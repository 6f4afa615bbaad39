# SPDX-License-Identifier: GPL-2.0
"""Attributes KCSAN's reports during a workload to fields of structures, and prints the result as JSON.

Usage: watched.py --name NAME --kernel DIRECTORY --console FILE --output FILE --cache DIRECTORY --structs NAME...

What could not be had says why under "missing". Exit status 2 where not every report on the console could be read.
"""

import argparse
import json
import pathlib
import sys
import tempfile
from collections import Counter

import console
from fields.attribute import Attributor
from fields.objects import Objects
from fields.reports import reports
from fields.tree import Tree
from summary import sections as values

from . import kcsan
from .collect import watching


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("name", "kernel", "console", "output", "cache"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--reader", required=True)
    parser.add_argument("--structs", nargs="+", required=True)
    return parser.parse_args()


def main():
    options = arguments()
    missing = []
    part = values(pathlib.Path(options.output).read_text(errors="replace"))
    rows = kcsan.sections(pathlib.Path(options.console).read_text(errors="replace"))
    # The witness is the module's, not the kernel's.
    ran = {name: lines for name, lines in rows.items() if name != "witness"}
    state = watching(part, missing)
    if not ran:
        missing.append("the workload did not run")
    if int(part.get("workload", {}).get("status", 0)):
        missing.append(f"the workload ended with status {part['workload']['status']}")
    lines = [line for row in ran.values() for line in row]
    found = reports("\n".join(lines))
    slabs = [{name: int(value) for name, value in part.get(f"slab-{slab}", {}).items()} for slab in ("TCPv6", "TCP")]
    with tempfile.TemporaryDirectory() as scratch:
        objects = Objects(options.kernel, scratch)
        tree = Tree(objects, options.structs, pathlib.Path(options.cache), options.reader)
        attributor = Attributor(objects, tree, slabs=[slab for slab in slabs if len(slab) == 2])
        findings = [attributor.judge(report) for report in found]
        release = (objects.build / "include/config/kernel.release").read_text().strip()
    total = sum(bool(console.KCSAN.search(line)) for line in lines)
    if total != len(findings):
        print(f"tsoffset: {options.name}: {total} lines of the console begin a report, {len(findings)} reports could be read",
              file=sys.stderr)
        sys.exit(2)
    print(json.dumps({
        "name": options.name, "release": release, "kcsan": state | {"total": total},
        "seconds": sum(int(part.get(name, {}).get("seconds", 0)) for name in ran),
        "fields": Counter(finding.field for finding in findings if finding.field), "unread": tree.unread,
        "findings": [finding._asdict() | {"count": count} for finding, count in Counter(findings).most_common()],
        "missing": missing,
    }))


if __name__ == "__main__":
    main()
