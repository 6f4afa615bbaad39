# SPDX-License-Identifier: GPL-2.0
"""Offsets and sizes of structures' fields, from the compiler's own syntax tree (libclang)."""

import functools
import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile
from collections import namedtuple

from clang.cindex import CursorKind, Diagnostic, Index, TypeKind

from audit.collect import reused

# offset and size in bits; element: the size of an array's element, else the size. shape: bit field, array, record or "".
Field = namedtuple("Field", "structure offset size element shape")
PACKAGE = "libclang1-19"
ARRAYS = {TypeKind.CONSTANTARRAY, TypeKind.INCOMPLETEARRAY}


def record_of(kind):
    """Returns the declaration of a type that is a structure or union, otherwise None."""
    declaration = kind.get_canonical().get_declaration()
    return declaration if declaration.kind in (CursorKind.STRUCT_DECL, CursorKind.UNION_DECL) else None


def named(declaration):
    return declaration.spelling if declaration.spelling and not declaration.is_anonymous() and "(" not in declaration.spelling else ""


def walk(structure, declaration, prefix, base, structures, found, embedded):
    for field in declaration.type.get_fields():
        offset, kind = base + field.get_field_offsetof(), field.type.get_canonical()
        inner = record_of(kind)
        name = field.spelling if "(" not in field.spelling else ""
        path = f"{prefix}.{name}" if name else prefix
        if inner is not None and named(inner) in structures:
            embedded.setdefault(named(inner), []).append((structure, offset))
            continue
        size = field.get_bitfield_width() if field.is_bitfield() else max(kind.get_size(), 0) * 8
        element = kind.element_type.get_size() * 8 if kind.kind in ARRAYS else size
        shape = "bit field" if field.is_bitfield() else "array" if kind.kind in ARRAYS else "record" if inner is not None else ""
        if name:
            found.setdefault(path, Field(structure, offset, size, element, shape))
        if inner is not None:
            walk(structure, inner, path, offset, structures, found, embedded)


def read(arguments, directory, structures):
    """Returns one file's fields by STRUCTURE.member, {structure: [(outer structure, offset)]}, and the first error or ""."""
    unit = Index.create().parse(None, args=[*arguments, f"-working-directory={directory}"])
    found, embedded = {}, {}
    for cursor in unit.cursor.get_children():
        if cursor.kind == CursorKind.STRUCT_DECL and cursor.is_definition() and cursor.spelling in structures:
            walk(cursor.spelling, cursor, cursor.spelling, 0, set(structures), found, embedded)
    return found, embedded, next((f"{one.location.file}:{one.location.line}: {one.spelling}" for one in unit.diagnostics
                                  if one.severity >= Diagnostic.Error), "")


@functools.cache
def program():
    """Returns a digest of the program that reads layouts: this file, and the version of libclang."""
    version = subprocess.run(["dpkg-query", "-W", PACKAGE], check=True, capture_output=True, text=True).stdout
    return hashlib.sha256(version.encode() + pathlib.Path(__file__).read_bytes()).hexdigest()


class Layout:
    """The layouts of the structures that some files define."""

    def __init__(self):
        self.fields, self.embedded = {}, {}

    def add(self, found, embedded):
        for name, field in found.items():
            self.fields.setdefault(name, Field(*field))
        for structure, within in embedded.items():
            self.embedded.setdefault(structure, within)

    @staticmethod
    def kept(file, arguments, directory, structures):
        """Returns the result of read(). The cache keeps the result unless libclang finds an error."""
        if reused(file):
            return json.loads(file.read_text())
        *found, error = read(arguments, directory, structures)
        if error:
            print(f"tsoffset: fields: layouts may be incomplete: {error}", file=sys.stderr)
            return found
        file.parent.mkdir(parents=True, exist_ok=True)
        # Processes in other containers can have the same number.
        with tempfile.NamedTemporaryFile("w", dir=file.parent, delete=False) as temporary:
            json.dump(found, temporary)
        pathlib.Path(temporary.name).rename(file)
        return found

    def structures(self):
        return {field.structure for field in self.fields.values()}

    def position(self, name):
        """Returns (outermost kind of object, first bit, bit after the last). Structures that begin with each other are of one kind."""
        field = self.fields.get(name)
        if field is None:
            return None
        root = field.structure
        # The kind is the innermost first structure: a tcp_sock begins with a sock.
        while below := next((inner for inner, within in self.embedded.items() if any(w[0] == root and w[1] == 0 for w in within)), None):
            root = below
        return root, field.offset, field.offset + field.size

    def overlap(self, one, other):
        """Returns whether two fields share a byte: bit fields of one word, members of a union, a record and its member."""
        first, second = self.position(one), self.position(other)
        if first is None or second is None or first[0] != second[0]:
            return False
        return first[1] // 8 < -(-second[2] // 8) and second[1] // 8 < -(-first[2] // 8)
