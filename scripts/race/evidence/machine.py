# SPDX-License-Identifier: GPL-2.0
"""A store in the machine code: plain or marked by the call of KCSAN's hook, or one aligned store."""

import re

from fields.objects import run

from . import source

# The code before a call puts the hook's argument into the register of the first argument, %rdi or x0.
ADDRESS = re.compile(r"\b(?:lea|leaq|add|addq)\s+\$?(0x[0-9a-f]+)(?:\(%\w+\))?, %rdi|\badd\s+x0, x\d+, #(0x[0-9a-f]+)")
HOOK = re.compile(r"R_(?:X86_64_P(?:LT|C)32|AARCH64_(?:CALL|JUMP)26)\s+__tsan_(volatile_)?(?:unaligned_)?write(\d+)")
STORE = re.compile(r"\bmov([bwlq])\s+[%$]\S+, (0x[0-9a-f]+)\(%\w+\)|\b(str[bh]?\s+[wx])\w+, \[x\d+, #(0x[0-9a-f]+)\]")
FOUR_BYTES = {"l", "str w"}


def store(objects, path):
    """Returns "marked", "plain", "one aligned 4-byte store" (not instrumented), or None if the code has no such store."""
    _, function = source.WRITERS[path]
    offset = objects.offset(source.FIELD)
    place = objects.object_of(function)
    if offset is None or place is None:
        return None
    text = run("llvm-objdump", "--disassemble-symbols=" + function, "--reloc", "--no-show-raw-insn", str(place))
    found, address = set(), None
    for line in text.splitlines():
        if match := HOOK.search(line):
            if address == offset and match[2] == "4":
                found.add("marked" if match[1] else "plain")
            address = None
        elif match := ADDRESS.search(line):
            address = int(match[1] or match[2], 16)
    if found:
        # One plain store is enough for a race.
        return "plain" if "plain" in found else "marked"
    widths = {re.sub(r"\s+", " ", match[1] or match[3]) for match in STORE.finditer(text) if int(match[2] or match[4], 16) == offset}
    return "one aligned 4-byte store" if widths and widths <= FOUR_BYTES and offset % 4 == 0 else None
