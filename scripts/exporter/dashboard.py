#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Judges a Grafana dashboard by the metrics that the exporter makes.

Usage: dashboard.py DASHBOARD METRICS          prints what is wrong with the dashboard, and exits 1 if something is
       dashboard.py --test DASHBOARD METRICS   prints a unit test for promtool: each expression must have a result

METRICS is in Prometheus' text format. The dashboard may name only metrics and values of labels that METRICS has, except
those of the node exporter.
"""

import json
import pathlib
import re
import sys

SELECTOR = re.compile(r"\b((?:tsoffset|node)_\w+)(?:\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+)(=~?|!=|!~)"((?:[^"\\]|\\.)*)"')
# Grafana's variables, and the test's values for them.
VARIABLES = {"$__rate_interval": "5m", "$instance": ".*", "$netns": ""}


def metrics(text):
    """Returns the values of each label of each metric."""
    found = {}
    for line in text.splitlines():
        if sample := re.fullmatch(r"(\w+)(?:\{(.*)\})? \S+", line):
            labels = found.setdefault(sample[1], {})
            for name, _, value in MATCHER.findall(sample[2] or ""):
                labels.setdefault(name, set()).add(value)
    return found


def expressions(dashboard):
    """Yields the title of a panel and an expression."""
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


def unknown(expression, known):
    """Yields the metrics and labels of an expression that no exporter makes."""
    for name, matchers in SELECTOR.findall(expression):
        if name.startswith("node_"):
            continue
        if name not in known:
            yield f"no metric {name}"
            continue
        for label, operator, value in MATCHER.findall(matchers):
            if not value.startswith("$") and operator == "=" and value not in known[name].get(label, ()):
                yield f'no {name} with {label}="{value}"'


def variables(dashboard):
    """Yields the variables that the dashboard uses and does not have."""
    own = {f"${variable['name']}" for variable in dashboard["templating"]["list"]}
    for title, expression in expressions(dashboard):
        for name in re.findall(r"\$\w+", expression):
            if name not in own | {"$__rate_interval"} or name not in VARIABLES:
                yield f"{title}: no variable {name}"


def overlaps(dashboard):
    """Yields panels with the number or the place of another one, and panels beyond Grafana's 24 columns."""
    seen, taken = set(), {}
    for panel in dashboard["panels"]:
        title, place = panel["title"], panel["gridPos"]
        if panel["id"] in seen:
            yield f"{title}: a second panel {panel['id']}"
        seen.add(panel["id"])
        if place["x"] + place["w"] > 24:
            yield f"{title}: beyond the right margin"
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                if taken.setdefault((x, y), title) != title:
                    yield f"{title}: covers {taken[x, y]}"
                    return


def problems(dashboard, known):
    count = 0
    for title, expression in expressions(dashboard):
        count += 1
        yield from (f"{title}: {problem}" for problem in unknown(expression, known))
    if count == 0:
        yield "no expression"
    yield from variables(dashboard)
    yield from overlaps(dashboard)


def test(dashboard, text):
    """Returns a test in which METRICS stay for 20 minutes, and each expression has a result. JSON is YAML."""
    series = [{"series": line.rsplit(" ", 1)[0], "values": line.rsplit(" ", 1)[1] + "x40"}
              for line in text.splitlines() if line[:1] not in ("#", "") and not line.endswith(" NaN")]
    tests = []
    for _, expression in expressions(dashboard):
        for variable, value in VARIABLES.items():
            expression = expression.replace(variable, value)
        tests.append({"expr": f"clamp_max(count({expression}), 1)", "eval_time": "20m",
                      "exp_samples": [{"labels": "{}", "value": 1}]})
    return json.dumps({"tests": [{"interval": "30s", "input_series": series, "promql_expr_test": tests}]}, indent=1)


def main():
    testing = sys.argv[1] == "--test"
    dashboard, text = (pathlib.Path(path).read_text() for path in sys.argv[-2:])
    dashboard = json.loads(dashboard)
    if testing:
        print(test(dashboard, text))
        return
    found = list(problems(dashboard, metrics(text)))
    print("\n".join(found) if found else f"{len(list(expressions(dashboard)))} expressions have metrics")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
