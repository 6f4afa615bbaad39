#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Makes a table, JSON and a plot of the guest's output of a bench.

Usage: report.py OUTPUT CANDIDATES DESTINATION table|json EARLIER [NANOSECONDS]. OUTPUT has figures in instructions, and
NANOSECONDS, if it exists, has figures in nanoseconds. EARLIER has the JSON of an earlier bench to compare with.
Writes DESTINATION.json, DESTINATION.md and DESTINATION.svg (by gnuplot), and prints the table or the JSON.
"""

import datetime
import json
import pathlib
import re
import statistics
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import changes  # noqa: E402
import memory  # noqa: E402

# The measured calls, by their names in JSON. JSON has the figures of connect at the top level.
CALLS = {
    "connect": "connect()",
    "connect-v4": "connect() of an IPv4 socket",
    "connect-mapped": "connect() of an IPv6 socket to a v4-mapped address",
    "connect-refused": "connect() that is refused",
    "setsockopt": "setsockopt(TCP_NODELAY)",
    "info": "getsockopt(TCP_INFO)",
    "timestamp": "getsockopt(TCP_TIMESTAMP)",
}

# The kinds of work of candidates for connect(), in the order of the table: the work of tsoffset first. "hash" compares the
# offset and keeps no record.
WORK = ("record and hash", "record", "hash", "fewer fields", "nothing", "more", "print", None)


def about(candidates, name):
    """Returns the job and the work from a candidate's lines "# job:" and "# work:", if it has the latter."""
    text = (candidates / name).read_text()
    found = {"job": re.search(r"^# job: (.*)$", text, re.M).group(1)}
    if work := re.search(r"^# work: (.*)$", text, re.M):
        found["work"] = work.group(1)
    return found


def order(candidate):
    """Returns the key that sorts candidates of equal work by their cost."""
    return WORK.index(candidate.get("work")), candidate["added"]


def read(output, candidates):
    """Returns the figures: {"kernel": ..., "base": ..., "candidates": [...], "calls": {call: {"base": ...}}}."""
    found = {"version": 1, "date": datetime.date.today().isoformat(), "calls": {}}
    call, throughput, loads = None, {}, []
    for line in output.read_text().splitlines():
        words = line.split()
        match words:
            case ["kernel", release]:
                found["kernel"] = release
            case ["tool", *version]:
                found.setdefault("tools", []).append(" ".join(version))
            case ["measured", figure, unit, *what]:
                found.setdefault("measured", []).append(
                    {"figure": int(figure), "unit": unit, "what": " ".join(what)})
            case ["memory", *figures]:
                loads.append(memory.Load(*map(int, figures)))
            case ["growth", smp, state, connects]:
                throughput.setdefault(int(smp), {}).setdefault(state, []).append(int(connects))
            case ["call", name]:
                call = found["calls"].setdefault(name, {"base": None, "candidates": []})
            case ["base", figure]:
                call["base"] = int(figure)
            case ["candidate", name, "added", added, "low", low, "high", high, "rounds", rounds]:
                call["candidates"].append({
                    "name": name, **about(candidates, name), "added": int(added),
                    "low": int(low), "high": int(high), "rounds": int(rounds)})
    if parts := memory.parts(loads):
        found["memory"] = parts
    # Each round with the module is compared with the round before it without the module.
    for smp, states in throughput.items():
        ratios = [loaded / unloaded for loaded, unloaded in zip(states["loaded"], states["unloaded"])]
        found.setdefault("growth", []).append({
            "processors": smp, "unloaded": round(statistics.median(states["unloaded"])),
            "loaded": round(statistics.median(states["loaded"])), "ratio": round(statistics.median(ratios), 3),
            "low": round(min(ratios), 3), "high": round(max(ratios), 3), "rounds": len(ratios)})
    # A bench that ended early has a call without a result.
    found["calls"] = {name: figures for name, figures in found["calls"].items() if figures["base"] is not None}
    connect = found["calls"].pop("connect", {"base": None, "candidates": []})
    for figures in (connect, *found["calls"].values()):
        figures["candidates"].sort(key=order)
    calls = found.pop("calls")
    return found | connect | {"calls": calls}


def in_time(found, output, candidates):
    """Adds to each figure in instructions the figure in nanoseconds."""
    timed = read(output, candidates)
    by_name = {c["name"]: c for figures in (timed, *timed["calls"].values()) for c in figures["candidates"]}
    for call, figures in {"connect": found, **found["calls"]}.items():
        figures["base_ns"] = (timed if call == "connect" else timed["calls"].get(call, {"base": None}))["base"]
        for candidate in figures["candidates"]:
            if candidate["name"] in by_name:
                candidate["ns"] = {key: by_name[candidate["name"]][key] for key in ("added", "low", "high", "rounds")}


def times(figures):
    """Returns the figures in nanoseconds as the lines of a table, or no lines."""
    timed = [(c["name"], c["ns"]) for c in figures["candidates"] if "ns" in c]
    if not timed:
        return []
    return [f"In time, of {figures['base_ns']:,} ns:", "", "| candidate | added ns | 95 % interval | rounds |",
            "|---|--:|--:|--:|",
            *(f"| {name} | {ns['added']:,} | {ns['low']:,} to {ns['high']:,} | {ns['rounds']} |" for name, ns in timed), ""]


def table(found):
    """Returns all figures as Markdown."""
    lines = []
    calls = {"connect": found} | found["calls"]
    for call, figures in calls.items():
        if not figures["candidates"]:
            continue
        work = any("work" in c for c in figures["candidates"])
        lines += [f"Added to {CALLS[call]}, which takes {figures['base']:,} instructions "
                  f"({found['kernel']}, {found['date']}):", "",
                  f"{'| work ' if work else ''}| candidate | job | added instructions | 95 % interval | rounds |",
                  f"{'|---' if work else ''}|---|---|--:|--:|--:|"]
        lines += [f"{'| ' + c.get('work', '') + ' ' if work else ''}| {c['name']} | {c['job']} | {c['added']:,} "
                  f"| {c['low']:,} to {c['high']:,} | {c['rounds']} |" for c in figures["candidates"]]
        lines.append("")
        lines += times(figures)
    if "measured" in found:
        lines += ["| | |", "|---|--:|"]
        lines += [f"| {m['what']} | {m['figure']:,} {m['unit']} |" for m in found["measured"]] + [""]
    lines += memory.table(found)
    if "growth" in found:
        lines += ["| processors | connects without | with the module | ratio of pairs, median | lowest to highest | rounds |",
                  "|--:|--:|--:|--:|--:|--:|"]
        lines += [f"| {g['processors']} | {g['unloaded']:,} | {g['loaded']:,} | {g['ratio']} | {g['low']} to {g['high']} "
                  f"| {g['rounds']} |" for g in found["growth"]] + [""]
    if "tools" in found:
        lines += ["With " + ", ".join(found["tools"]) + ".", ""]
    return "\n".join(lines)


def plot(found, destination):
    """Plots a bar for each candidate, by gnuplot."""
    rows = "\n".join(f"{c['name']} {c['added']} {c['low']} {c['high']}" for c in found["candidates"])
    script = f"""
$figures << END
{rows}
END
set terminal svg size 900,{80 + 34 * len(found['candidates'])} font "sans-serif,13" background "white"
set output "{destination}"
set title "Instructions added to connect() over IPv6: {found['kernel']}, base {found['base']:,}"
set logscale x
set xrange [100:*]
set yrange [{len(found['candidates']) - 0.3}:-0.7]
set ytics out nomirror
set xtics nomirror
set grid xtics
unset key
set style fill solid 0.7 noborder
set boxwidth 0.6
plot $figures using (100):0:(100):2:($0-0.3):($0+0.3):ytic(1) with boxxyerror lc rgb "#4477aa", \\
     $figures using 2:0:3:4 with xerrorbars pt 0 lc rgb "#222222", \\
     $figures using 2:0:2 with labels left offset 1,0
"""
    subprocess.run(["gnuplot-nox"], input=script, text=True, check=True)


def main():
    output, candidates, destination = map(pathlib.Path, sys.argv[1:4])
    found = read(output, candidates)
    found["since"] = changes.since(json.loads(pathlib.Path(sys.argv[5]).read_text()), found)
    for nanoseconds in map(pathlib.Path, sys.argv[6:]):
        if nanoseconds.exists():
            in_time(found, nanoseconds, candidates)
    document = json.dumps(found, indent=1) + "\n"
    destination.with_name(destination.name + ".json").write_text(document)
    destination.with_name(destination.name + ".md").write_text(table(found))
    if found["candidates"]:
        plot(found, destination.with_name(destination.name + ".svg"))
    # A run that ended early has printed the reason, and has no figures.
    if found["candidates"] or found["calls"]:
        print(document if sys.argv[4] == "json" else table(found) + "\n" + changes.table(found["since"]), end="")


if __name__ == "__main__":
    main()
