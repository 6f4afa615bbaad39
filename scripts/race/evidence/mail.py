# SPDX-License-Identifier: GPL-2.0
"""The evidence as plain text for a mail to a list: 75 columns at most."""

import os
import textwrap

from .source import FIELD, WRITERS

COLUMNS = 75


def entry(name, text):
    return textwrap.fill(text, COLUMNS, initial_indent=f"{name + ':':<15}", subsequent_indent=" " * 15,
                         break_on_hyphens=False).splitlines()


def access(name, found):
    if not found:
        return entry(name, "not found in the source")
    code = found["text"] if len(found["text"]) <= COLUMNS - 17 else found["text"][:COLUMNS - 20] + "..."
    return entry(name, f"{found['where']} ({found['access']})") + [" " * 17 + code]


def reports(kernel):
    state = kernel["kcsan"]
    if not state:
        return "not in this kernel"
    load = kernel["workload"]
    return (f"{state['fields'][FIELD]} reports on {FIELD}, {state['total'] - state['fields'][FIELD]} on other fields or unrelated; "
            f"{'on' if state['enabled'] else 'OFF'}, {state['watchpoints']} watchpoints, "
            f"{load['connects']} connects, {load['reads']} reads, {load['seconds']} s")


def about(kernel):
    others = ", ".join(f"{writer} {kernel['paths'][writer]['verdict'] or 'not known'}" for writer in WRITERS if writer != "v6")
    return [
        *entry("Tree", kernel["tree"]),
        *entry("Release", kernel["release"]),
        *entry("Compiler", kernel["compiler"] or "not known"),
        *entry("Configuration", f"sha256 {kernel['configuration'][:16]}"),
        *access("Store", kernel["store"]),
        *access("Load", kernel["load"]),
        *entry("Machine code", f"{kernel['machine_code'] or 'no'} store"),
        *entry("Memory model", f"{kernel['memory_model'] or 'no answer'} (herd7)"),
        *entry("KCSAN", reports(kernel)),
        *entry("Other writers", others),
        *entry("Verdict", kernel["verdict"] or "not known"),
        *(line for text in kernel["missing"] for line in entry("Missing", text)),
        *(line for text in kernel["contradictions"] for line in entry("Contradiction", text)),
    ]


def command():
    """Returns the command that repeats the run. Paths of the user's machine are left out."""
    words = ["make race"]
    names = {"TREE": lambda _: "~/linux", "COMMIT": str, "PATCH": os.path.basename,
             "CONFIG": lambda value: " ".join(map(os.path.basename, value.split())), "TREE_CC": str}
    for name, shown in names.items():
        if value := os.environ.get(name):
            value = shown(value)
            words.append(f"{name.removeprefix('TREE_')}={value!r}" if " " in value else f"{name.removeprefix('TREE_')}={value}")
    if not os.environ.get("TREE") and not os.environ.get("DEFAULTED"):
        words.append(f"KERNEL={os.environ.get('KERNEL', '')!r}")
    return " ".join(words)


def text(kernels, effects):
    lines = [f"Does the store to tp->{FIELD} race with getsockopt(TCP_TIMESTAMP)?", ""]
    for number, kernel in enumerate(kernels):
        if effects:
            lines += [f"{'After' if number % 2 else 'Before'} {effects[number // 2].patch}:"[:COLUMNS], ""]
        lines += about(kernel) + [""]
        if effects and number % 2:
            effect = effects[number // 2]
            lines += entry("Patch", f"{effect.verdict or 'the evidence does not tell'} (applies {effect.applies})") + [""]
    lines += entry("To repeat", command())
    return "\n".join(lines) + "\n"
