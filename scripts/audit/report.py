# SPDX-License-Identifier: GPL-2.0
"""Audits a built kernel, and prints a table or a JSON document.

Usage: report.py --kernel DIRECTORY --cache DIRECTORY --reader PROGRAM --name NAME [--later DIRECTORY] [--base DIRECTORY] [--fields NAME...]
                 [--format table|json] --paths PATH... --usual NAME... --structs NAME...

Exit status: 0, or 2 where files could not be read or no access was found.
"""

import argparse
import collections
import json
import os
import sys

from .collect import under
from .contexts import Contexts
from .names import hint
from .rank import CLASSES, Audit, recall


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("kernel", "cache", "reader", "name"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--later", help="the build of a later series, whose marked stores are the known answers")
    parser.add_argument("--fields", nargs="+", help="prints every access of these fields instead, as STRUCTURE.member")
    parser.add_argument("--base", help="the build of the kernel before a change, whose findings are left out")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    parser.add_argument("--paths", nargs="+", required=True)
    parser.add_argument("--usual", nargs="+", required=True, help="structures that are read whatever is asked for: runs share them")
    parser.add_argument("--structs", nargs="+", required=True)
    return parser.parse_args()


STATUSES = {"locked": "locked", "new": "not published yet", "none": "no lock", "not told": "not told", "recursion": "not told"}


def shortened(places, most=3):
    more = len(places) - most
    return ", ".join(places[:most]) + (f" and {more} more" if more > 0 else "") or "none"


def table(found):
    current = None
    for number, one in enumerate(found, 1):
        if one.kind != current:
            current = one.kind
            print(f"\n{one.reason}:\n")
        print(f"{number:4} {one.field}{f' ({one.shape})' if one.shape else ''} in {one.function}()")
        print(f"     plain stores:   {shortened(one.stores)}")
        print(f"     lockless reads: {shortened(one.readers)}")
        print(f"     marked stores:  {shortened(one.writers)}")


def briefly(reasons, most=2):
    """Returns the shortest reasons, and the number of the others."""
    chosen = sorted(reasons, key=lambda reason: (len(reason), reason))
    more = len(chosen) - most
    return chosen[:most] + ([f"and {more} more"] if more > 0 else [])


def every_access(collected, fields, form, other):
    """Prints the accesses of each field of FIELD=, with locks. The status is 2 for a field without one. other(name): a suggestion."""
    contexts = Contexts(collected)
    chosen = {name: collections.Counter() for name in fields}
    for one in collected.accesses:
        if one.field in chosen:
            # Several accesses on one line are one row with their number.
            chosen[one.field][one._replace(column=0)] += 1
    rows = {name: [(one, times, contexts.of(one.function, one.origin, one.held))
                   for one, times in sorted(counted.items(), key=lambda item: (item[0].file, item[0].line, item[0].kind))]
            for name, counted in chosen.items()}
    if form == "json":
        print(json.dumps({"version": 1, "fields": {name: [
            {**one._asdict(), "times": times, "context": verdict.status, "reasons": sorted(verdict.reasons)}
            for one, times, verdict in all_of] for name, all_of in rows.items()}, "not_compiled": collected.not_compiled}))
    for name, all_of in rows.items():
        if not all_of:
            print(f"tsoffset: audit: no file read here accesses {name}{other(name)}", file=sys.stderr)
        elif form == "table":
            shape = f" ({all_of[0][0].shape})" if all_of[0][0].shape else ""
            print(f"{name}{shape}: {sum(times for _, times, _ in all_of)} accesses")
            for one, times, verdict in all_of:
                number = f", {times} times" if times > 1 else ""
                print(f"  {one.kind:10} {one.marked or 'plain':9} {one.function}() {one.file}:{one.line}{number}")
                print(f"             {STATUSES[verdict.status]}: {'; '.join(briefly(verdict.reasons))}")
    if form == "table":
        show_left_out(collected.not_compiled)
    return 0 if all(rows.values()) else 2


def show_left_out(files):
    """Prints the number of files without an object: a race there is in no list."""
    if files:
        print(f"{len(files)} {'file' if len(files) == 1 else 'files'} of PATHS {'is' if len(files) == 1 else 'are'} not compiled in this "
              "configuration")


def complain(failed):
    for line in failed:
        print(f"tsoffset: audit: not read: {line}", file=sys.stderr)


def show_recall(name, known):
    """Prints the stores that the later series marks, with ranks."""
    ranks = sorted(rank for _, _, rank in known if rank)
    print(f"{name}: {len(ranks)} of {len(known)} stores that the later series marks are candidates"
          + (f", ranks {ranks[0]} to {ranks[-1]}, half of them up to {ranks[(len(ranks) - 1) // 2]}" if ranks else ""))
    for field, function, rank in known:
        print(f"     {'not listed' if rank is None else f'rank {rank:4}'}: {field} in {function}()")


def main():
    options = arguments()
    # FIELD= adds the structure of each field.
    structures = {one.split(".")[0] for one in options.fields} if options.fields else set(options.structs)
    failed, every_name = [], set()

    def read(kernel):
        every = [*options.usual, *sorted(structures - set(options.usual))]
        found = under(kernel, options.paths, every, options.cache, options.reader)
        every_name.update(one.field for one in found.accesses)
        found.accesses = [one for one in found.accesses if one.field.split(".")[0] in structures]
        failed.extend(found.failed)
        complain(found.failed)
        return found

    collected = read(options.kernel)
    accesses = collected.accesses
    names = {one.field for one in accesses}
    if options.fields:
        source = os.path.join(options.kernel, "source")
        status = every_access(collected, options.fields, options.format, lambda name: hint(name, every_name, source))
        sys.exit(2 if failed else status)
    if not accesses:
        print(f"tsoffset: audit: no file read here accesses a field of {', '.join(sorted(structures))}", file=sys.stderr)
        sys.exit(2)
    found = Audit(collected).findings()
    if options.base:
        # Line numbers change between trees, so a candidate is a function with more plain stores to the field.
        before = {(one.field, one.function): len(one.stores) for one in Audit(read(options.base)).findings()}
        found = [one for one in found if len(one.stores) > before.get((one.field, one.function), 0)]
    known = recall(accesses, read(options.later).accesses, found) if options.later else []
    counts = collections.Counter(one.reason for one in found)
    if options.format == "json":
        print(json.dumps({"version": 1, "kernel": options.name, "files": collected.files, "accesses": len(accesses),
                          "fields": len(names), "findings": [one.document() for one in found],
                          "known": [{"field": field, "function": function, "rank": rank} for field, function, rank in known],
                          "unread": failed, "not_compiled": collected.not_compiled}))
    else:
        table(found)
        print(f"\n{options.name}: {collected.files} files, {len(accesses)} accesses of {len(names)} fields; "
              f"{len(found)} candidates: " + ", ".join(f"{counts[name]} where {name}" for name in CLASSES))
        show_left_out(collected.not_compiled)
        if options.later:
            show_recall(options.name, known)
    sys.exit(2 if failed else 0)


if __name__ == "__main__":
    main()
