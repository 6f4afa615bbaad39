# SPDX-License-Identifier: GPL-2.0
"""Judges a run by the guest's console and verdict."""

import os
import re

# Messages of a kernel that detects an error. about_module() judges KCSAN's reports.
SPLAT = re.compile(
    r"\bBUG: (?!KCSAN)|WARNING: |Oops[: ]|general protection fault|Kernel panic|"
    r"rcu: INFO: .*(stall|detected)|INFO: task .* blocked|INFO: rcu|possible (circular|recursive) locking|"
    r"suspicious RCU usage|inconsistent lock state|soft lockup|Out of memory|UBSAN: |"
    r"kmemleak: \d+ new|refcount_t: ")
KCSAN = re.compile(r"BUG: KCSAN: (.*)")
STAMP = re.compile(r"^\[ *\d+\.\d+\](\[ *[TC]\d+\])? ")
RULE = "=" * 66


def shown(path):
    """Returns a path of the cache as the host sees it."""
    cache, host = os.environ.get("CACHE", ""), os.environ.get("SHOWN_CACHE")
    text = str(path)
    return host + text[len(cache):] if host and cache and text.startswith(cache + "/") else text


def lines_of(text):
    return [STAMP.sub("", line.rstrip("\r")) for line in text.splitlines()]


def excerpt(lines, start, length=30):
    return "\n".join("    " + line for line in lines[start:start + length])


def kcsan_reports(lines):
    """Returns every report as a list of lines."""
    reports = []
    for number, line in enumerate(lines):
        if KCSAN.search(line):
            end = number + 1
            while end < len(lines) and lines[end] != RULE and end - number < 120:
                end += 1
            reports.append(lines[number:end])
    return reports


def about_module(report):
    """Returns whether a KCSAN report is about an access by the module.

    The title names the functions of both accesses, those of the module with the module's name in brackets. A frame of the
    module further out only shows that the module called the kernel or was interrupted. A race between two functions of
    the kernel is not a race of the module.
    """
    return "[tsoffset" in report[0]


def first_splat(lines, allowed):
    for number, line in enumerate(lines):
        if SPLAT.search(line) and not any(re.search(pattern, line) for pattern in allowed):
            return number
    return None


def before_init(lines, complaint):
    """Returns why a guest ended before its init ran."""
    if not lines:
        return ("QEMU ended before the kernel printed anything (is the image a kernel?): "
                + (complaint or "no message"))
    text = "\n".join(lines)
    # Too little memory truncates the image, too, so this test comes before the test for a broken image.
    if re.search("write error|not enough memory|out of memory|Cannot allocate|System is deadlocked on memory|"
                 "initrd too large|No usable physical memory|initrd extends beyond end of memory", text, re.I):
        return "the guest has too little memory (MEM=)"
    if "Initramfs unpacking failed" in text:
        return "the guest image is broken"
    return "the kernel died before its init"


def judge(text, verdict, complaint, in_time, options):
    """Returns a run's failure other than its task's exit status, or None."""
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
