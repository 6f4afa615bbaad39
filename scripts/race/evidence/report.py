# SPDX-License-Identifier: GPL-2.0
"""Prints the evidence about several kernels, as a table, as one JSON document or as text for a mail, and judges it.

Usage: report.py [--patch NAME --applies HOW...] table|json|mail FILE...; with a patch, the files are of each kernel before and after it.
"""

import argparse
import json
import pathlib
import sys

from . import mail
from .patch import Effect
from .source import FIELD, WRITERS

HEADER = ("kernel", "writer", "store in the source", "machine code", "memory model", f"KCSAN: {FIELD}",
          "KCSAN: other fields on this path", "overlapping reads (possible / certain)", "torn", "verdict")


def others(counts):
    fields = [f"{name} {count}" for name, count in counts["fields"].items() if name != FIELD]
    if counts["unattributed"]:
        fields.append(f"unattributed {counts['unattributed']}")
    return ", ".join(fields) or "none"


def row(name, writer, path, witness):
    counts = path["kcsan"]
    store = path["source"] or "-"
    if path.get("reverted"):
        store += " (the fix taken back)"
    seen = "-" if witness is None else f"{witness['possible']} / {witness['certain']}"
    return (name, writer, store, path["machine_code"] or "-", path["memory_model"] or "-",
            "-" if counts is None else str(counts["fields"][FIELD]), "-" if counts is None else others(counts),
            seen, "-" if witness is None else str(witness["torn"]), path["verdict"] or "-")


def table(kernels):
    rows = [HEADER]
    for kernel in kernels:
        name = f"{kernel['name']} ({kernel['release']})"
        for writer in WRITERS:
            path = kernel if writer == "v6" else kernel["paths"][writer]
            rows.append(row(name, writer, path, kernel["witness"] if writer == "v6" else None))
    widths = [max(len(line[i]) for line in rows) for i in range(len(HEADER))]
    rows.insert(1, tuple("-" * width for width in widths))
    for line in rows:
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |")


def details(kernel):
    """Prints the details that do not fit into the table."""
    state = kernel["kcsan"]
    if state:
        load = kernel["workload"]
        print(f"\n{kernel['name']}: KCSAN {'on' if state['enabled'] else 'OFF'}, {state['watchpoints']} watchpoints, "
              f"v6 row: {load['connects']} connects, {load['reads']} reads in {load['seconds']} s, "
              f"{state['total']} reports, of them {state['unrelated']} about something else")
    if seen := kernel["witness"]:
        own = ", ".join(f"{name} {count}" for name, count in seen["own_races"].items()) or "none"
        print(f"{kernel['name']}: witness: {seen['reads']} reads beside {seen['connects']} connects in {seen['seconds']} s, "
              f"{seen['missed']} missed, {seen['unjudged']} unjudged, {seen['overflow']} without a slot; "
              f"reports about its own marked load (the plain store's fault): {own}")
    for writer in WRITERS:
        path = kernel if writer == "v6" else kernel["paths"][writer]
        for finding in path["findings"]:
            if finding["class"] != "unrelated":
                print(f"  {writer}: {finding['count']} x {finding['field'] or 'unattributed'}: "
                      f"{'; '.join(finding['accesses'])} ({', '.join(finding['lines']) or 'no line'})")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--patch")
    parser.add_argument("--applies", action="append", default=[], help="how the patch applies to each kernel")
    parser.add_argument("form", choices=("table", "json", "mail"))
    parser.add_argument("files", nargs="+")
    options = parser.parse_args()
    documents = {file: json.loads(pathlib.Path(file).read_text()) for file in options.files}
    # The evidence of a kernel that has the patch already counts as before and after.
    each, kernels = [documents[file] for file in options.files], list(documents.values())
    effects = []
    if options.patch:
        effects = [Effect(options.patch, *effect) for effect in zip(options.applies, each[::2], each[1::2])]
    if options.form == "json":
        patches = [effect.document() for effect in effects]
        print(json.dumps({"version": 1, "kernels": kernels} | ({"patches": patches} if patches else {})))
    elif options.form == "mail":
        print(mail.text(each, effects), end="")
    else:
        table(kernels)
        for kernel in kernels:
            details(kernel)
        for effect in effects:
            print(f"\n{effect}")
    status = 0
    for kernel in kernels:
        for text in kernel["missing"]:
            print(f"tsoffset: {kernel['name']}: could not be had: {text}", file=sys.stderr)
            status = max(status, 2)
    for kernel in kernels:
        for text in kernel["contradictions"]:
            print(f"tsoffset: {kernel['name']}: contradiction: {text}", file=sys.stderr)
            status = 1
    sys.exit(status)


if __name__ == "__main__":
    main()
