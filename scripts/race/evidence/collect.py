# SPDX-License-Identifier: GPL-2.0
"""Collects all evidence about one kernel and prints it as JSON.

Usage: collect.py --name NAME --tree DESCRIPTION --kernel DIRECTORY --console FILE --output FILE --log PREFIX -- HERD...

Missing evidence is null, and "missing" has the reason. Exit status 2: a report of the console has no finding.
"""

import argparse
import hashlib
import json
import pathlib
import re
import sys
import tempfile

import console
from summary import sections as values

from . import kcsan, litmus, machine, source, witness
from .objects import Objects


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("name", "tree", "kernel", "console", "output", "log"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--without-module", action="store_true", help="the tree cannot host the module")
    parser.add_argument("herd", nargs="+")
    return parser.parse_args()


def watching(part, missing):
    """Returns the state of KCSAN during the workload."""
    before, after = part.get("kcsan-before", {}), part.get("kcsan-after", {})
    watchpoints = int(after.get("setup_watchpoints", 0)) - int(before.get("setup_watchpoints", 0))
    enabled = before.get("enabled") == after.get("enabled") == "1"
    if not enabled:
        missing.append("KCSAN was not on")
    elif watchpoints <= 0:
        missing.append("KCSAN set up no watchpoint")
    if int(part.get("guest", {}).get("cpus", 0)) < 2:
        missing.append("the guest had fewer than two CPUs")
    return {"enabled": enabled, "watchpoints": watchpoints}


def text(access):
    return access and {"where": f"{access.file}:{access.line}", "text": access.text, "access": expected(access)}


def expected(access):
    return None if access is None else "marked" if access.marked else "plain"


class Collector:
    """The evidence about one kernel."""

    def __init__(self, options, scratch):
        self.options = options
        self.tree = pathlib.Path(options.kernel, "source").resolve()
        self.objects = Objects(options.kernel, scratch)
        self.part = values(pathlib.Path(options.output).read_text(errors="replace"))
        text = pathlib.Path(options.console).read_text(errors="replace")
        self.rows = kcsan.sections(text)
        slabs = [{name: int(value) for name, value in self.part.get(f"slab-{slab}", {}).items()}
                 for slab in ("TCPv6", "TCP")]
        self.judge = kcsan.Judge(self.objects, [slab for slab in slabs if len(slab) == 2])

    def path(self, name, missing):
        """The evidence about one writer."""
        store, load = source.writer(self.tree, name), source.reader(self.tree)
        model = code = None
        if store is None or load is None:
            missing.append(f"{name}: the source does not show the {'store' if store is None else 'load'}")
        else:
            file = pathlib.Path(f"{self.options.log}.{name}.litmus")
            file.write_text(litmus.test(f"tsoffset-{name}", store, load))
            model = litmus.judge(self.options.herd, self.tree, file)
            if model is None:
                missing.append(f"{name}: the memory model gave no answer")
        code = machine.store(self.objects, name)
        if code is None:
            missing.append(f"{name}: the store was not found in the machine code")
        workload = self.part.get(name, {})
        if int(workload.get("writes", 0)) == 0:
            missing.append(f"{name}: the workload did not run")
        lines = self.rows.get(name, [])
        findings = [self.judge.judge(report) for report in console.kcsan_reports(lines)]
        return {
            "source": expected(store),
            "where": None if store is None else f"{store.file}:{store.line}",
            "store": text(store), "load": text(load),
            "machine_code": code,
            "memory_model": model,
            "kcsan": kcsan.summary(findings, lines),
            "workload": {"connects" if name != "repair" else "writes": int(workload.get("writes", 0)),
                         "reads": int(workload.get("reads", 0)), "seconds": int(workload.get("seconds", 0))},
            "findings": group(findings),
        }


def group(findings):
    """Merges equal findings, and adds their number."""
    groups = {}
    for one in findings:
        key = (one.category, one.fields, one.functions, one.accesses, one.lines)
        groups[key] = groups.get(key, 0) + 1
    return [{"count": count, "class": key[0], "field": key[1], "functions": key[2], "accesses": key[3], "lines": key[4]}
            for key, count in sorted(groups.items(), key=lambda item: -item[1])]


def verdict(path, watched):
    """Returns (verdict, contradictions) of a path, by the evidence that exists."""
    store, code, model = path["source"], path["machine_code"], path["memory_model"]
    races = path["kcsan"]["fields"][source.FIELD]
    says = [("machine code", {"plain": True, "marked": False}.get(code)),
            ("memory model", {"data-race": True, "no-data-race": False}.get(model)),
            ("KCSAN", races > 0 if watched and path["workload"]["reads"] else None)]
    wrong = [f"{what} says {'a race' if says_race else 'no race'}" for what, says_race in says
             if says_race is not None and store is not None and says_race != (store == "plain")]
    if store is None:
        return None, wrong
    return ("races" if store == "plain" else "clean") if not wrong else "contradiction", wrong


def main():
    options = arguments()
    missing = []
    with tempfile.TemporaryDirectory() as scratch:
        collector = Collector(options, scratch)
        state = watching(collector.part, missing)
        if not collector.objects.fields:
            missing.append("no debug information")
        try:
            paths = {name: collector.path(name, missing) for name in source.WRITERS}
        except kcsan.Miscounted as error:
            print(f"tsoffset: {options.name}: {error}", file=sys.stderr)
            sys.exit(2)
        contradictions = []
        seen = None if options.without_module else witness.collect(
            collector.part, collector.rows.get("witness", []), collector.judge,
            paths["v6"]["source"] == "plain", missing, contradictions)
    # Without debug information no report can be attributed, and a number of 0 proves nothing.
    watched = state["enabled"] and state["watchpoints"] > 0 and bool(collector.objects.fields)
    for name, path in paths.items():
        path["verdict"], wrong = verdict(path, watched)
        contradictions += [f"{name}: the source has a {path['source']} store, but {text}" for text in wrong]
    first = paths.pop("v6")
    release = pathlib.Path(options.kernel, "build/include/config/kernel.release").read_text().strip()
    config = pathlib.Path(options.kernel, "build/.config").read_text()
    compiler = re.search('^CONFIG_CC_VERSION_TEXT="(.*)"', config, re.M)
    print(json.dumps({
        "name": options.name, "release": release, "tree": options.tree,
        "compiler": compiler and compiler[1], "configuration": hashlib.sha256(config.encode()).hexdigest(),
        "store": first["store"], "load": first["load"],
        "source": first["source"], "reverted": collector.tree.name.endswith("-unfixed"), "where": first["where"],
        "machine_code": first["machine_code"], "memory_model": first["memory_model"],
        "kcsan": (state | first["kcsan"]) if re.search("^CONFIG_KCSAN=y", config, re.M) else None,
        "witness": seen,
        "workload": first["workload"], "verdict": first["verdict"], "findings": first["findings"],
        "paths": paths, "missing": missing, "contradictions": contradictions,
    }))


if __name__ == "__main__":
    main()
