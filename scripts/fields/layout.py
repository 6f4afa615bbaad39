# SPDX-License-Identifier: GPL-2.0
"""Where the fields of structures lie and how large they are, from the compiler's own syntax tree (libclang)."""

import json
import pathlib
from collections import namedtuple

from clang.cindex import CursorKind, Index, TypeKind

# offset and size in bits; element: the size of an array's element, else the size. shape: bit field, array, record or "".
Field = namedtuple("Field", "structure offset size element shape")
ARRAYS = {TypeKind.CONSTANTARRAY, TypeKind.INCOMPLETEARRAY}


def record_of(kind):
    """The declaration of a structure or union that a type is; None for others."""
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
    """(fields by STRUCTURE.member, {structure: [(the one that has it within, offset)]}) of one file's structures."""
    unit = Index.create().parse(None, args=[*arguments, f"-working-directory={directory}"])
    found, embedded = {}, {}
    for cursor in unit.cursor.get_children():
        if cursor.kind == CursorKind.STRUCT_DECL and cursor.is_definition() and cursor.spelling in structures:
            walk(cursor.spelling, cursor, cursor.spelling, 0, set(structures), found, embedded)
    return found, embedded


class Layout:
    """Of the structures that some files define."""

    def __init__(self):
        self.fields, self.embedded = {}, {}

    def add(self, found, embedded):
        for name, field in found.items():
            self.fields.setdefault(name, Field(*field))
        for structure, within in embedded.items():
            self.embedded.setdefault(structure, within)

    @staticmethod
    def kept(file, arguments, directory, structures):
        """What read() finds, kept in a file."""
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            temporary = pathlib.Path(f"{file}.new")
            temporary.write_text(json.dumps(read(arguments, directory, structures)))
            temporary.rename(file)
        return json.loads(file.read_text())

    def structures(self):
        return {field.structure for field in self.fields.values()}

    def position(self, name):
        """(the outermost kind of object, first bit, bit after the last). Structures that begin with one another are of one kind."""
        field = self.fields.get(name)
        if field is None:
            return None
        root = field.structure
        # Down to the structure that all begin with: a tcp_sock is a sock.
        while below := next((inner for inner, within in self.embedded.items() if any(w[0] == root and w[1] == 0 for w in within)), None):
            root = below
        return root, field.offset, field.offset + field.size

    def overlap(self, one, other):
        """Whether two fields share a byte: bit fields of one word, members of a union, a record and its member."""
        first, second = self.position(one), self.position(other)
        if first is None or second is None or first[0] != second[0]:
            return False
        return first[1] // 8 < -(-second[2] // 8) and second[1] // 8 < -(-first[2] // 8)
