# SPDX-License-Identifier: GPL-2.0
"""What a guest's console and verdict say about a run."""

import os
import re

# What a kernel prints when something is wrong with it. KCSAN's reports are judged by whom they name.
SPLAT = re.compile(
    r"\bBUG: (?!KCSAN)|WARNING: |Oops[: ]|general protection fault|Kernel panic|"
    r"rcu: INFO: .*(stall|detected)|INFO: task .* blocked|INFO: rcu|possible (circular|recursive) locking|"
    r"suspicious RCU usage|inconsistent lock state|soft lockup|Out of memory|UBSAN: |"
    r"kmemleak: \d+ new|refcount_t: ")
KCSAN = re.compile(r"BUG: KCSAN: (.*)")
STAMP = re.compile(r"^\[ *\d+\.\d+\](\[ *[TC]\d+\])? ")
RULE = "=" * 66


def shown(path):
    """A path of the cache as the host sees it."""
    cache, host = os.environ.get("CACHE", ""), os.environ.get("SHOWN_CACHE")
    text = str(path)
    return host + text[len(cache):] if host and cache and text.startswith(cache + "/") else text


def lines_of(text):
    return [STAMP.sub("", line.rstrip("\r")) for line in text.splitlines()]


def excerpt(lines, start, length=30):
    return "\n".join("    " + line for line in lines[start:start + length])


def kcsan_reports(lines):
    """Every report, as the list of its lines."""
    reports = []
    for number, line in enumerate(lines):
        if KCSAN.search(line):
            end = number + 1
            while end < len(lines) and lines[end] != RULE and end - number < 120:
                end += 1
            reports.append(lines[number:end])
    return reports


def about_module(report):
    """Whether a KCSAN report is about an access of the module: its code carries its name in brackets.

    The title names the functions of both accesses. Further out a frame of the module only says that it
    called the kernel, or was interrupted: a race between two functions of the kernel is not the module's.
    """
    return "[tsoffset" in report[0]


def first_splat(lines, allowed):
    for number, line in enumerate(lines):
        if SPLAT.search(line) and not any(re.search(pattern, line) for pattern in allowed):
            return number
    return None


def before_init(lines, complaint):
    """Why a guest ended without its init having run."""
    if not lines:
        return ("QEMU ended before the kernel printed anything (is the image a kernel?): "
                + (complaint or "no message"))
    text = "\n".join(lines)
    # An image that does not fit is cut short, too: memory comes first.
    if re.search("write error|not enough memory|out of memory|Cannot allocate|System is deadlocked on memory|"
                 "initrd too large|No usable physical memory|initrd extends beyond end of memory", text, re.I):
        return "the guest has too little memory (MEM=)"
    if "Initramfs unpacking failed" in text:
        return "the guest image is broken"
    return "the kernel died before its init"


def judge(text, verdict, complaint, in_time, options):
    """What was wrong with a run beside its task's exit status; None where nothing was."""
    lines = lines_of(text)
    tail = excerpt(lines, max(0, len(lines) - 25))
    started = "init" in verdict
    ended = any(line.startswith("exit ") for line in verdict)

    if not started and in_time:
        return f"{before_init(lines, complaint)}; the console's end:\n{tail}"
    splat = first_splat(lines, options.allow)
    if splat is not None:
        return f"the kernel complained:\n{excerpt(lines, max(0, splat - 2))}"
    for report in kcsan_reports(lines):
        if about_module(report) and not any(re.search(p, report[0]) for p in options.allow):
            return "KCSAN reported a race that involves the module:\n" + excerpt(report, 0, 60)
    if ended:
        return None
    if not in_time:
        where = "the task did not end" if started else "the kernel did not reach its init"
        return f"{where} within {options.timeout} s; the console's end:\n{tail}"
    return f"the guest stopped before the task had ended; the console's end:\n{tail}"
