# SPDX-License-Identifier: GPL-2.0
"""Ranks plain stores that a lockless reader can race with, the most likely first."""

import re
from collections import defaultdict
from dataclasses import dataclass

from .contexts import LOCKS, Contexts, locks
from .listed import LOCKLESS

# Names of functions with an object that is not published yet.
UNPUBLISHED = re.compile(r"init_sock|_init_(req|seq)|alloc|clone|^inet6?_create$|openreq|reqsk|minisock|syn_recv_sock$|_child$|^mptcp_init")
CLASSES = ("a sibling writer is marked", "a reader is marked", "a reader has no lock", "the object may not be published yet")
STORES = ("write", "read-write")


@dataclass
class Finding:
    """A function with plain stores to a field that other functions read without a lock."""

    field: str
    function: str
    kind: int
    stores: list
    readers: list
    writers: list
    plain: int
    shape: str

    @property
    def reason(self):
        return CLASSES[self.kind]

    def order(self):
        # One odd store out among many marked ones comes first.
        return self.kind, self.plain, -len(self.writers), self.field, self.function

    def document(self):
        return {"field": self.field, "function": self.function, "class": self.reason, "shape": self.shape,
                "plain_stores": self.stores, "marked_readers": self.readers, "marked_writers": self.writers,
                "functions_with_plain_stores": self.plain}


def places(accesses):
    """Returns each place once, for any number of accesses on the line."""
    return sorted({f"{one.function} ({one.file}:{one.line})" for one in accesses})


class Audit:
    """The candidates of a kernel."""

    def __init__(self, collected):
        self.contexts, self.accesses = Contexts(collected), collected.accesses
        # Inline functions of headers that a lockless function calls before it takes a lock.
        self.accessors = {call.callee for call in collected.calls
                          if call.function in LOCKLESS and not any(set(locks(call.held, one)) & set(LOCKS) for one in call.origins)}

    def lockless(self, access):
        if set(locks(access.held, access.origin)) & {*LOCKS, "new"}:
            return False
        return access.function in LOCKLESS or access.file.endswith(".h") and access.function in self.accessors

    def unpublished(self, function, stores):
        if UNPUBLISHED.search(function):
            return True
        return all(self.contexts.of(function, one.origin, one.held).status == "new" for one in stores)

    def of_field(self, name, every):
        stores = defaultdict(list)
        for access in every:
            if access.kind in STORES and not access.marked:
                stores[access.function].append(access)
        loads = [one for one in every if one.kind in ("read", "read-write")]
        marked = [one for one in loads if one.marked]
        plain = [one for one in loads if not one.marked and self.lockless(one)] if stores else []
        writers = [one for one in every if one.marked == "volatile" and one.kind in STORES]
        for function, mine in stores.items():
            # A function does not race with its own read before the store.
            if not any(one.function != function or one.kind == "read" for one in marked + plain):
                continue
            kind = 3 if self.unpublished(function, mine) else 0 if marked and writers else 1 if marked else 2
            yield Finding(name, function, kind, sorted({f"{one.file}:{one.line}" for one in mine}),
                          places(marked or plain), places(writers), len(stores), mine[0].shape)

    def findings(self):
        """Returns all candidates, in order."""
        fields = defaultdict(list)
        for access in self.accesses:
            fields[access.field].append(access)
        return sorted((one for name, every in fields.items() for one in self.of_field(name, every)), key=Finding.order)


def recall(old, new, found):
    """Returns stores that are plain in one series and marked in a later one, with their rank among the findings, or None."""
    def stores(accesses, marked):
        return {(one.field, one.function) for one in accesses if one.kind in STORES and bool(one.marked) == marked}

    known = sorted((stores(old, False) - stores(old, True)) & (stores(new, True) - stores(new, False)))
    ranks = {(one.field, one.function): number for number, one in enumerate(found, 1)}
    return [(field, function, ranks.get((field, function))) for field, function in known]
