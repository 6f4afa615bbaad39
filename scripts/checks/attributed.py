# SPDX-License-Identifier: GPL-2.0
"""Compares the fields that scripts/fields attributes reports to with the known fields, and records the results.

Usage: attributed.py cases BUILD CACHE READER CASES RESULTS SUBJECT  attributes reports of pasted.py, by lines
                                                                     "FIELD|ARGUMENTS|DESCRIPTION"; FIELD may be "cannot tell: REASON"
       attributed.py forms DIRECTORY                                 parses the public reports in a directory, one in each file
       attributed.py public DIRECTORY CACHE READER KERNEL...         attributes the public reports by the functions of these kernels, and
                                                                     compares the fields with those that the fixes name
"""

import pathlib
import re
import subprocess
import sys
import tempfile
from collections import Counter

from fields.attribute import Attributor
from fields.elsewhere import ByFunction
from fields.objects import Objects
from fields.report import agreed
from fields.reports import reports
from fields.tree import Tree

STRUCTURES = "tcp_sock inet_connection_sock inet_sock sock sock_common ipv6_pinfo mptcp_sock".split()
# Least number of public reports about these structures that must be attributed.
ENOUGH = 15


def cases(build, cache, reader, file, results, subject):
    with tempfile.TemporaryDirectory() as scratch, open(results, "a", encoding="utf-8") as record:
        objects = Objects(build, scratch)
        attributor = Attributor(objects, Tree(objects, ["some"], pathlib.Path(cache), reader))
        for case in pathlib.Path(file).read_text().splitlines():
            wanted, command, what = case.split("|")
            log = subprocess.run([sys.executable, "-m", "pasted", build, *command.split()], check=True, stdout=subprocess.PIPE,
                                 text=True).stdout
            said = [finding.field or f"cannot tell: {finding.reason}" for finding in map(attributor.judge, reports(log))]
            good = len(said) == 1 and (said[0] == wanted or wanted.startswith("cannot") and said[0].startswith(wanted))
            print(f"{'ok' if good else 'failed'} 1 {subject}: {what}{'' if good else f' ({said} instead of {wanted})'}", file=record)


def wanted_of(file):
    return re.search(r"^# Field: (.*)", file.read_text(), re.M)[1]


def forms(directory):
    for file in sorted(pathlib.Path(directory).glob("*.txt")):
        found = reports(file.read_text())
        assert len(found) == 1, f"{file.name}: {len(found)} reports"
        assert found[0].cut == (wanted_of(file) == "cut"), f"{file.name}: cut {found[0].cut}"
        assert found[0].unknown_origin == ("unknown-origin" in file.name), file.name


def compared(field, wanted):
    """Returns the verdict on an answer. Two fields that share a byte are a pair: the report can be about either."""
    if not field:
        return "not told"
    if field == wanted:
        return "right"
    return "a pair" if wanted in field.split("+") else "wrong"


def public(directory, cache, reader, *kernels):
    files = sorted(pathlib.Path(directory).glob("*.txt"))
    found = [reports(file.read_text())[0] for file in files]
    judged = []
    for kernel in kernels:
        with tempfile.TemporaryDirectory() as scratch:
            objects = Objects(kernel, scratch)
            tree = Tree(objects, STRUCTURES, pathlib.Path(cache), reader)
            judged.append([*map(ByFunction(objects, tree).judge, found)])
    counts = Counter()
    for file, finding in zip(files, map(agreed, zip(*judged))):
        how = compared(finding.field, wanted_of(file))
        counts[how] += 1
        print(f"{file.name}: {finding.field or 'cannot tell: ' + finding.reason} (its fix: {wanted_of(file)}): {how}")
    print(f"{len(files)} public reports: {counts['right']} attributed, {counts['a pair']} to a pair with that field, "
          f"{counts['wrong']} wrongly, {counts['not told']} cannot be told")
    sys.exit(bool(counts["wrong"]) or counts["right"] < ENOUGH)


if __name__ == "__main__":
    {"cases": cases, "forms": forms, "public": public}[sys.argv[1]](*sys.argv[2:])
