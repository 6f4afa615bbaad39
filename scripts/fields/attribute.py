# SPDX-License-Identifier: GPL-2.0
"""Attributes a report to a field by the source lines of both accesses.

A side's candidates are the accesses that the compiler's syntax tree has at the line, of the same kind and size, innermost function first.
An access through a pointer, such as atomic_read(&sk->sk_rmem_alloc) or one of a list, belongs to the field at the "&" in an outer function.
"""

from collections import namedtuple

# field: "" if the evidence does not tell, with a reason. by: the kind of evidence.
Finding = namedtuple("Finding", "field by reason accesses places")
Side = namedtuple("Side", "fields places why")

# KCSAN's kinds of an access in C. A store of a bit field reads and writes the word.
KINDS = {"read": {"read", "read-write"}, "write": {"write", "read-write"}, "read-write": {"read-write", "write"}}
BIT_FIELD = {"read": {"read", "read-write", "write"}, "write": {"write", "read-write"}, "read-write": {"write", "read-write"}}
ASSERTED = {"read", "write", "read-write"}
# Callers of the innermost symbol that may have passed the address of a field to it.
CALLERS = 2


class Attributor:
    """Attributes reports of a build by its source lines. slabs: {slab_size, order} of the slabs of TCP sockets."""

    by = "line"

    def __init__(self, objects, tree, slabs=()):
        self.objects, self.tree, self.slabs = objects, tree, slabs

    def fits(self, access, side):
        """Returns whether an access in the source can be this side of a report."""
        field = self.tree.layout.fields.get(access.field)
        if not self.by_slab(access.field, side):
            return False
        if access.kind == "address":
            return field is None or side.size * 8 <= field.size
        kinds = BIT_FIELD if access.shape == "bit field" else KINDS
        if access.kind not in kinds.get(side.kind, ASSERTED) or bool(access.marked) != side.marked:
            return False
        return field is None or field.shape in ("bit field", "record") or side.size * 8 in (field.size, field.element)

    def by_slab(self, name, side):
        """Returns whether the address can be that of a tcp_sock's field, by its slab. Other structures have no known slab."""
        field = self.tree.layout.fields.get(name)
        if not self.slabs or field is None or field.structure != "tcp_sock":
            return True
        offsets = {(side.address % (4096 << slab["order"])) % slab["slab_size"] for slab in self.slabs}
        return any(field.offset < (offset + side.size) * 8 and offset * 8 < field.offset + field.size for offset in offsets)

    def symbols(self, side):
        """Returns the innermost symbol, and its callers."""
        inner = side.inner()
        return inner[-1], [frame for frame in side.frames[len(inner):] if not frame.inline][:CALLERS]

    def levels(self, side):
        """Returns (function, file, line) of the innermost symbol, innermost first, and the same of its callers."""
        symbol, callers = self.symbols(side)
        stacks = [self.objects.stack(frame.function, frame.offset, frame.size) if frame.size else () for frame in [symbol, *callers]]
        paths = [self.objects.object_of(frame.function, frame.size) for frame in [symbol, *callers]]
        self.tree.read([path for path in paths if path])
        return list(stacks[0]), [level for stack in stacks[1:] for level in stack]

    def accesses(self, level):
        return self.tree.at.get(level[1:], ())

    def found(self, levels, side, address, accesses=None):
        """Returns the fields of the first level with a field. address: only fields at a "&"."""
        for level in levels:
            fields = {one.field for one in (accesses or self.accesses)(level)
                      if (one.kind == "address") == address and self.fits(one, side)}
            if fields:
                return fields
        return set()

    def side(self, side):
        """Returns the possible fields of one side."""
        own, callers = self.levels(side)
        places = tuple(f"{file}:{line}" for _, file, line in own if line)
        if not own:
            known = self.objects.object_of(side.function())
            return Side(set(), places, f"no source line for {side.function()}()" if known else f"{side.function()}() is not in net/")
        fields = self.found(own, side, False) or self.found([*own, *callers], side, True) or {
            # The access uses a pointer to the field from another line of the function.
            one.field for one in self.tree.of.get(own[0][0], ()) if one.kind == "address" and self.fits(one, side)}
        return Side(fields, places, "" if fields else f"no such {side.kind} of these structures in {own[0][0]}()")

    def sides(self, accesses):
        return [self.side(access) for access in accesses]

    def refused(self, report):
        """Returns why a report cannot be judged, or ""."""
        return "the report is cut" if report.cut else self.another_build(report)

    def another_build(self, report):
        """Returns the evidence that a report is of another build, or ""."""
        # syzbot builds each kernel as "syzkaller". A name without a version tells no build from another one.
        versions = [release for release in (report.release, self.objects.release) if release[:1].isdigit()]
        if len(set(versions)) == 2:
            return f"the log is of {report.release}, the build of {self.objects.release}"
        # Also a caller can show it: a change elsewhere in a file moves lines, and leaves the size of the innermost function.
        for frame in (frame for access in report.accesses for frame in access.frames):
            known = self.objects.sizes(frame.function) if frame.size else ()
            if known and not any(frame.size in size for size in known):
                return f"{frame.function}() has 0x{frame.size:x} in the log, 0x{known[0].start:x} in the build"
        return ""

    def shared(self, sides):
        """Returns the common fields of all sides, or else pairs of fields that share a byte."""
        common = set.intersection(*(side.fields for side in sides))
        if common or len(sides) == 1:
            return common
        return {"+".join(sorted((one, other))) for one in sides[0].fields for other in sides[1].fields
                if self.tree.layout.overlap(one, other)}

    def told(self, sides):
        """Returns the sides that count, and the kind of evidence. A side without a line can be of other code."""
        known = [side for side in sides if side.places]
        return known, self.by if len(known) == 2 else "one side's line"

    def judge(self, report):
        kinds = tuple(sorted(str(access) for access in report.accesses))
        if reason := self.refused(report):
            return Finding("", "", reason, kinds, ())
        sides = self.sides(report.accesses[:2])
        places = tuple(sorted({place for side in sides for place in side.places[:1]}))
        told, by = self.told(sides)
        missing = next((side.why for side in told or sides if side.why), "")
        if missing:
            return Finding("", by, missing, kinds, places)
        fields = self.shared(told)
        if len(fields) == 1:
            return Finding(fields.pop(), by, "", kinds, places)
        if not fields:
            return Finding("", by, "the two sides name no common field", kinds, places)
        shown = ", ".join(sorted(fields)[:4]) + (f" and {len(fields) - 4} more" if len(fields) > 4 else "")
        return Finding("", by, f"{len(fields)} fields are possible: {shown}", kinds, places)
