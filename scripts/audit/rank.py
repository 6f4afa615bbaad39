# SPDX-License-Identifier: GPL-2.0
"""Which plain stores race with a lockless reader, most likely first."""

import pathlib
import re
from collections import defaultdict
from dataclasses import dataclass, field

# Functions that run without the socket lock: a plain load in them is as lockless as a marked one.
LOCKLESS = pathlib.Path(__file__).with_name("lockless").read_text().split("\n")
LOCKLESS = {line.split("#")[0].strip() for line in LOCKLESS} - {""}
# Functions whose object nobody else has yet, by their names.
UNPUBLISHED = re.compile(r"init_sock|_init_(req|seq)|alloc|clone|^inet6?_create$|openreq|reqsk|minisock|syn_recv_sock$|_child$|^mptcp_init")
CLASSES = ("a sibling writer is marked", "a reader is marked", "a reader has no lock", "the object may not be published yet")


@dataclass
class Finding:
    """A function that stores a field plainly which others read without a lock."""

    field: str
    function: str
    kind: int
    stores: list
    readers: list
    writers: list
    plain: int
    shape: str = ""
    known: bool = field(default=False)

    @property
    def reason(self):
        return CLASSES[self.kind]

    def order(self):
        # One odd store out among many marked ones comes first.
        return self.kind, self.plain, -len(self.writers), self.field, self.function

    def document(self):
        return {"field": self.field, "function": self.function, "class": self.reason, "shape": self.shape,
                "plain_stores": self.stores, "marked_readers": self.readers, "marked_writers": self.writers}


def place(access):
    return f"{access.function} ({access.file}:{access.line})"


def findings(accesses):
    """All of them, in order."""
    fields = defaultdict(list)
    for access in accesses:
        fields[access.field].append(access)
    found = []
    for name, all_of in fields.items():
        stores = defaultdict(list)
        for access in all_of:
            if access.kind in ("write", "read-write") and not access.marked:
                stores[access.function].append(access)
        loads = [one for one in all_of if one.kind in ("read", "read-write")]
        marked = [one for one in loads if one.marked]
        lockless = [one for one in loads if not one.marked and one.function in LOCKLESS]
        if not stores or not (marked or lockless):
            continue
        writers = [one for one in all_of if one.marked == "volatile" and one.kind in ("write", "read-write")]
        for function, mine in stores.items():
            others = [one for one in marked + lockless if one.function != function or one.kind == "read"]
            if not others:
                continue
            kind = 3 if UNPUBLISHED.search(function) else 0 if marked and writers else 1 if marked else 2
            found.append(Finding(name, function, kind, [f"{one.file}:{one.line}" for one in sorted(mine)],
                                 sorted({place(one) for one in marked or lockless}), sorted({place(one) for one in writers}),
                                 len(stores), mine[0].shape))
    return sorted(found, key=Finding.order)


def recall(old, new, found):
    """Stores that are plain in one series and marked in a later one: (known, those among the findings with their rank)."""
    def stores(accesses, marked):
        return {(one.field, one.function) for one in accesses
                if one.kind in ("write", "read-write") and bool(one.marked) == marked}

    known = sorted((stores(old, False) - stores(old, True)) & (stores(new, True) - stores(new, False)))
    ranks = {(one.field, one.function): number for number, one in enumerate(found, 1)}
    return [(field, function, ranks.get((field, function))) for field, function in known]
