# SPDX-License-Identifier: GPL-2.0
"""Prints every access of some fields in a kernel as a JSON document. One line names an unknown field, or a field without an access.

Usage: known.py --kernel DIRECTORY --cache DIRECTORY --paths PATH... --structs NAME... --fields STRUCTURE.member...

Exit status: 0, or 2 for an unknown field or a field without an access.
"""

import argparse
import json
import pathlib
import sys
import tempfile

from audit import collect, commands
from audit.names import hint

from .naming import Naming
from .objects import Objects
from .tree import Tree


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kernel", required=True)
    parser.add_argument("--cache", required=True, type=pathlib.Path)
    parser.add_argument("--reader", required=True)
    for name in ("paths", "structs", "fields"):
        parser.add_argument(f"--{name}", nargs="+", required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        objects = Objects(options.kernel, scratch)
        layout = Tree(objects, options.structs, options.cache, options.reader).layout
    for name in options.fields:
        if name not in layout.fields:
            sys.exit(f"tsoffset: fields: {name} is no field of {', '.join(options.structs)}{hint(name, layout.fields, objects.source)}")
    wanted = Naming(objects.build, {path: objects.here(text) for path, text in commands.objects(objects.build, options.paths)}).objects({
        name.rsplit(".", 1)[1] for name in options.fields})
    found = collect.collect(objects.build, objects.source, wanted, options.structs, options.cache, options.reader)
    for line in found.failed:
        print(f"tsoffset: fields: not read: {line}", file=sys.stderr)
    chosen = {name: [one._asdict() for one in found.accesses if one.field == name] for name in options.fields}
    for name, all_of in chosen.items():
        if not all_of:
            sys.exit(f"tsoffset: fields: nobody accesses {name} in {', '.join(options.paths)}")
    print(json.dumps(chosen))


if __name__ == "__main__":
    try:
        main()
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
            sys.exit(2)
        raise
