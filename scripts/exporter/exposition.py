#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Compares metrics with their stats, by the table of metrics in docs/fleet.md.

METRICS is in Prometheus' text format, and only its families of tsoffset count. STATS and TABLE must have the same lines,
unless --unknown is given. METRICS must have exactly the samples and values that TABLE promises, with the label of --netns.
Each family must have HELP and the TYPE of TABLE. Prints the differences, and exits 1 if there are any.
"""

import argparse
import pathlib
import re
import sys

# A histogram's name and its bucket's bound.
BUCKET = re.compile(r"(connect(?:_v4)?_ns)_(?:below_(\d+)|above)")


def sample(text):
    """Parses name{label="value",...}. The result does not depend on the order of labels, and lacks empty ones."""
    name, labels = re.fullmatch(r"(\w+)(?:\{(.*)\})?", text).groups()
    pairs = re.findall(r'(\w+)="([^"]*)"', labels or "")
    return name, frozenset((key, float(value) if key == "le" else value) for key, value in pairs if value)


def rows(table):
    """Returns {line of stats: (metric, type)} from the rows that begin with a line's name."""
    found = {}
    for line in table.splitlines():
        row = re.fullmatch(r"\| `(\w+)` \| `(tsoffset_.*)` \| (\w+) \|", line)
        if row:
            found[row[1]] = row[2].replace("\\|", "|"), row[3]
    return found


def promised(table, stats):
    """Returns the expected metrics: samples with their values, and families with their types."""
    samples, types = {("tsoffset_up", frozenset()): 1.0}, {"tsoffset_up": "gauge"}
    calls = {}
    for name, value in (line.split() for line in stats.splitlines()):
        if bucket := BUCKET.fullmatch(name):
            histogram, bound = bucket.groups()
            family = table[f"{histogram}_below_N" if bound else name][0].split("_bucket")[0]
            calls[family] = calls.get(family, 0) + int(value)
            limit = (int(bound) - 1) / 10**9 if bound else float("inf")
            samples[f"{family}_bucket", frozenset({("le", limit)})] = float(calls[family])
            samples[f"{family}_count", frozenset()] = float(calls[family])
            samples[f"{family}_sum", frozenset()] = None
            types[family] = "histogram"
        elif name not in table and value.isdecimal():
            samples["tsoffset_unknown", frozenset({("line", name)})] = float(value)
            types["tsoffset_unknown"] = "untyped"
        elif name not in table:
            samples["tsoffset_unknown_state", frozenset({("line", name), ("state", value)})] = 1.0
            types["tsoffset_unknown_state"] = "gauge"
        elif value.isdecimal():
            metric, kind = table[name]
            samples[sample(metric)] = float(value)
            types[sample(metric)[0]] = kind
        else:
            metric, kind = table[name]
            family, states = re.fullmatch(r'(\w+)\{state="(.*)"\}', metric).groups()
            for state in {*states.split("|"), value}:
                samples[family, frozenset({("state", state)})] = float(state == value)
            types[family] = kind
    return samples, types


def exposed(metrics):
    """Returns the found samples, types, and families with HELP."""
    samples, types, helped = {}, {}, set()
    for line in metrics.splitlines():
        words = line.split(" ", 3)
        if line.startswith("# TYPE tsoffset_"):
            types[words[2]] = words[3]
        elif line.startswith("# HELP tsoffset_") and words[3:]:
            helped.add(words[2])
        elif line.startswith("tsoffset_"):
            name, value = line.rsplit(" ", 1)
            samples[sample(name)] = float(value)
    return samples, types, helped


def other_lines(table, stats):
    """Reports lines that only the table or only stats has."""
    lines = {re.sub(r"(?<=_ns_below_)\d+", "N", line.split()[0]) for line in stats.splitlines()}
    yield from (f"a line of stats that is not in the table: {name}" for name in sorted(lines - table.keys()))
    yield from (f"a line of the table that is not in stats: {name}" for name in sorted(table.keys() - lines))


def differences(wanted, found):
    for key in sorted(wanted.keys() | found.keys(), key=str):
        name = key if isinstance(key, str) else f"{key[0]} {dict(key[1]) or ''}".rstrip()
        if key not in found:
            yield f"no {name}"
        elif key not in wanted:
            yield f"{name} is not in the table"
        elif wanted[key] is None and found[key] == found[key]:
            yield f"{name} is {found[key]} instead of NaN"
        elif wanted[key] is not None and found[key] != wanted[key]:
            yield f"{name} is {found[key]} instead of {wanted[key]}"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("table", "stats", "metrics"):
        parser.add_argument(name, type=lambda path: pathlib.Path(path).read_text())
    parser.add_argument("--unknown", action="store_true", help="STATS and TABLE can have different lines")
    parser.add_argument("--netns", help="the label netns of each sample; default: none")
    parser.add_argument("--only", action="store_true", help="skip samples with another netns: they are of another file")
    return parser.parse_args()


def main():
    options = arguments()
    table, label = rows(options.table), {("netns", options.netns)} if options.netns else set()
    samples, types = promised(table, options.stats)
    samples = {(name, labels | label): value for (name, labels), value in samples.items()}
    found, found_types, helped = exposed(options.metrics)
    if options.only:
        found = {key: value for key, value in found.items() if {pair for pair in key[1] if pair[0] == "netns"} == label}
    problems = [] if options.unknown else list(other_lines(table, options.stats))
    problems += differences(samples, found)
    # Another file can have more families.
    problems += differences(types, {name: kind for name, kind in found_types.items() if name in types or not options.only})
    problems += [f"no HELP for {family}" for family in found_types.keys() - helped]
    print("\n".join(problems) if problems else f"{len(found)} samples are as promised")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
