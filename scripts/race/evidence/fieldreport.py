# SPDX-License-Identifier: GPL-2.0
"""Prints the fields that raced during a workload, as a table or one JSON document, and judges a patch by these fields.

Usage: fieldreport.py --fields all|NAME... [--accesses FILE...] [--patch NAME --applies HOW...] table|json FILE...; with a patch, the files
are of each kernel before and after it.

Exit status: 0; 1 where the patch does not fix a field or breaks one; 2 where a run proves nothing.
"""

import argparse
import json
import pathlib
import sys

from fields.table import table

from .fieldverdict import of, verdict


def plainly(accesses):
    """Returns a cell with the numbers of plain and marked accesses of a field."""
    cells = []
    for what, kinds in (("writes", ("write", "read-write")), ("reads", ("read", "read-write"))):
        all_of = [one for one in accesses if one["kind"] in kinds]
        marked = sum(bool(one["marked"]) for one in all_of)
        cells.append(f"{what} {len(all_of) - marked} plain, {marked} marked")
    return "; ".join(cells)


def details(kernel, fields):
    state = kernel["kcsan"]
    print(f"\n{kernel['name']} ({kernel['release']}): KCSAN {'on' if state['enabled'] else 'OFF'}, {state['watchpoints']} watchpoints in "
          f"{kernel['seconds']} s, {state['total']} reports, {sum(kernel['fields'].values())} of them attributed")
    for one in kernel["findings"]:
        if one["field"] and (fields is None or set(one["field"].split("+")) & set(fields) or one["field"] in fields):
            print(f"  {one['count']} x {one['field']}: {'; '.join(one['accesses'])} ({', '.join(one['places'])}), by {one['by']}")
    for one in kernel["findings"]:
        if not one["field"] and "is not in net/" not in one["reason"]:
            print(f"  cannot tell: {one['count']} x {'; '.join(one['accesses'])}: {one['reason']}")
    outside = sum(one["count"] for one in kernel["findings"] if "is not in net/" in one["reason"])
    if outside:
        print(f"  cannot tell: {outside} x outside of net/")
    for line in kernel["unread"]:
        print(f"  not read: {line}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fields", nargs="+", required=True)
    parser.add_argument("--accesses", nargs="+", default=[], help="of each kernel, as fields/known.py prints them")
    parser.add_argument("--patch")
    parser.add_argument("--applies", action="append", default=[])
    parser.add_argument("form", choices=("table", "json"))
    parser.add_argument("files", nargs="+")
    options = parser.parse_args()
    kernels = [json.loads(pathlib.Path(file).read_text()) for file in options.files]
    known = [json.loads(pathlib.Path(file).read_text()) for file in options.accesses]
    step = 2 if options.patch else 1
    asked = None if options.fields == ["all"] else options.fields
    rows, verdicts, status, why = [("kernel", "field", "accesses in the source", "KCSAN: reports")], [], 0, []
    if options.patch:
        rows[0] += ("with the patch", "verdict")
    for number in range(0, len(kernels), step):
        kernel = kernels[number]
        where = known[number // step] if known else {}
        after = kernels[number + 1] if options.patch else None
        for line in sum((one["missing"] for one in kernels[number:number + step]), []):
            why.append((2, f"{kernel['name']}: proves nothing: {line}"))
        names = asked or sorted({name for one in kernels[number:number + step] for name in one["fields"]})
        if not names:
            why.append((2, f"{kernel['name']}: proves nothing: no report about these structures"))
        for name in names:
            row = (f"{kernel['name']} ({kernel['release']})", name, plainly(where[name]) if name in where else "-", str(of(kernel, name)))
            if after is None:
                rows.append(row)
                if not of(kernel, name):
                    why.append((2, f"{kernel['name']}: proves nothing about {name}: no report"))
                continue
            says, reason = verdict(name, kernel, after)
            verdicts.append({"kernel": kernel["name"], "field": name, "verdict": says or None, "reason": reason})
            rows.append((*row, str(of(after, name)), says or "the evidence does not tell"))
            if reason:
                why.append((2, f"{kernel['name']}: {name}: {reason}"))
            elif says in ("does not fix", "breaks"):
                why.append((1, f"{kernel['name']}: {options.patch} {says} {name}"))
    if options.form == "json":
        print(json.dumps({"version": 1, "kernels": kernels, "accesses": known} |
                         ({"patch": options.patch, "applies": options.applies, "verdicts": verdicts} if options.patch else {})))
    else:
        table(rows)
        for kernel in kernels:
            details(kernel, asked)
        for where in known:
            for name, accesses in where.items():
                shape = f" ({accesses[0]['shape']})" if accesses[0]["shape"] else ""
                print(f"\n{name}{shape}: {len(accesses)} accesses in the source")
                for one in sorted(accesses, key=lambda one: (one["file"], one["line"])):
                    print(f"  {one['kind']:10} {one['marked'] or 'plain':9} {one['function']}() {one['file']}:{one['line']}")
    for code, line in dict.fromkeys(why):
        print(f"tsoffset: {line}", file=sys.stderr)
        status = max(status, code)
    sys.exit(status)


if __name__ == "__main__":
    main()
