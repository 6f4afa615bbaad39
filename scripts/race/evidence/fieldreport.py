# SPDX-License-Identifier: GPL-2.0
"""Prints which fields raced during a workload, as a table or one JSON document, and judges a patch by it.

Usage: fieldreport.py --fields all|NAME... [--accesses FILE...] [--patch NAME --applies HOW...] table|json FILE...; with a patch, the files
are of each kernel before and after it.

Exit status: 0; 1 where the patch does not fix a field or breaks one; 2 where a run proves nothing.
"""

import argparse
import json
import pathlib
import sys

# Reports vanish or appear by chance with a probability below this.
CHANCE = 0.01
# How much shorter the run after a patch may be.
SHORTER = 0.9


def of(kernel, name):
    """The reports about a field, those about two fields of one byte included."""
    return sum(one["count"] for one in about(kernel, name))


def about(kernel, name):
    return [one for one in kernel["findings"] if name == one["field"] or name in one["field"].split("+")]


def functions(findings):
    """The functions that findings name: of "plain read of 4 in f", f."""
    return {access.rsplit(" in ", 1)[-1] for one in findings for access in one["accesses"]} - {"?"}


def untold(kernel, racing):
    """Why a run without a report about a field may have had one, where these functions race on it in the other run; "" if it had none."""
    if kernel["unread"]:
        return f"{kernel['name']}: {len(kernel['unread'])} files were not read: {kernel['unread'][0]}"
    for one in kernel["findings"]:
        if not one["field"] and (both := functions([one]) & racing):
            return (f"{kernel['name']}: a report in {min(both)}(), which races on the field in the other run, is not attributed: "
                    f"{one['reason']}")
    return ""


def chance(count, there, other):
    """The probability that all reports of two runs alike are in the first one: a report is in a run as its share of watchpoints is."""
    own, others = there["kcsan"]["watchpoints"], other["kcsan"]["watchpoints"]
    return (own / (own + others)) ** count


def verdict(name, before, after):
    """What a patch does to a field; "" where the evidence does not tell, with the reason: (verdict, reason)."""
    for kernel in (before, after):
        if kernel["missing"]:
            return "", kernel["missing"][0]
    first, then = of(before, name), of(after, name)
    if first and then:
        return "does not fix", ""
    there, quiet = (before, after) if first else (after, before)
    if reason := untold(quiet, functions(about(there, name))):
        return "", reason
    by_chance = chance(first + then, there, quiet)
    if not first:
        return ("breaks", "") if by_chance < CHANCE else ("nothing to fix", "no report before the patch")
    if by_chance >= CHANCE:
        return "", (f"{first} reports before the patch may be chance: none would follow without it with a probability of {by_chance:.1%}; "
                    "repeat it with a longer run")
    if after["seconds"] < SHORTER * before["seconds"]:
        return "", f"{after['seconds']} seconds with the patch, {before['seconds']} without"
    return "fixes", ""


def plainly(accesses):
    """How many accesses of a field are plain and marked, as a cell."""
    cells = []
    for what, kinds in (("writes", ("write", "read-write")), ("reads", ("read", "read-write"))):
        all_of = [one for one in accesses if one["kind"] in kinds]
        marked = sum(bool(one["marked"]) for one in all_of)
        cells.append(f"{what} {len(all_of) - marked} plain, {marked} marked")
    return "; ".join(cells)


def table(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    rows.insert(1, tuple("-" * width for width in widths))
    for row in rows:
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |")


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
