# SPDX-License-Identifier: GPL-2.0
"""The accesses of structures' fields in a file of the kernel, from the compiler's own syntax tree (libclang).

An access is marked where the compiler has to make one access of it: through a pointer to volatile, as READ_ONCE(), WRITE_ONCE(),
smp_load_acquire(), smp_store_release() and xchg() do (include/asm-generic/rwonce.h). Whether a macro hides it does not matter.
"""

import ctypes
import os
from collections import namedtuple

from clang.cindex import Cursor, CursorKind, Index, TypeKind, conf

# field: STRUCTURE.member. kind: read, write, read-write or address. marked: volatile, data_race or "". shape: bit field, union or "".
Access = namedtuple("Access", "field function file line kind marked shape")

# From include/clang-c/Index.h.
ASSIGN, COMMA = 22, 33
INCREMENTS, ADDRESS_OF, DEREFERENCE = {1, 2, 3, 4}, 5, 6


def operator_of(name, cursor):
    """By a function of libclang's that the Python module does not declare."""
    function = getattr(conf.lib, name)
    function.argtypes, function.restype = [Cursor], ctypes.c_int
    return function(cursor)


def binary(cursor):
    return operator_of("clang_getCursorBinaryOperatorKind", cursor)


def unary(cursor):
    return operator_of("clang_getCursorUnaryOperatorKind", cursor)


def record(field):
    """(name of the structure that a field belongs to, whether a union is on the way)."""
    parent, union = field.semantic_parent, False
    while parent is not None and parent.kind in (CursorKind.STRUCT_DECL, CursorKind.UNION_DECL):
        union = union or parent.kind == CursorKind.UNION_DECL
        # An anonymous one has a name that says where it is.
        if parent.spelling and "(" not in parent.spelling and not parent.is_anonymous():
            return parent.spelling, union
        parent = parent.semantic_parent
    return "", union


def chain(member):
    """The members of a.b.c from the outermost to the pointer or variable that they are members of."""
    members = []
    while member is not None and member.kind == CursorKind.MEMBER_REF_EXPR:
        members.append(member)
        base = next(iter(member.get_children()), None)
        while base is not None and base.kind in (CursorKind.PAREN_EXPR, CursorKind.UNEXPOSED_EXPR):
            if base.type.kind == TypeKind.POINTER:
                return members
            base = next(iter(base.get_children()), None)
        if base is None or base.type.kind == TypeKind.POINTER:
            return members
        member = base
    return members


class Reader:
    """Reads translation units for the fields of some structures."""

    def __init__(self, structures, source):
        self.structures = set(structures)
        self.source = os.path.realpath(source) + "/"
        self.index = Index.create()
        self.seen = set()

    def named(self, member):
        """(STRUCTURE.member..., shape) of a member expression; None where it is of no structure asked for."""
        names, shape = [], ""
        for one in chain(member):
            field = one.referenced
            if field is None:
                return None
            structure, union = record(field)
            names.insert(0, field.spelling)
            if not shape:
                shape = "bit field" if field.is_bitfield() else "union" if union else ""
            if structure in self.structures:
                # What has no name is called by where it is.
                return f"{structure}.{'.'.join(name for name in names if name and '(' not in name)}", shape
        return None

    @staticmethod
    def classify(member, ancestors):
        """(kind, whether through volatile) of the access that a member expression is; None where nothing is accessed."""
        node, address, volatile = member, False, False
        array = member.type.kind in (TypeKind.CONSTANTARRAY, TypeKind.INCOMPLETEARRAY)
        for parent in reversed(ancestors):
            kind = parent.kind
            if kind == CursorKind.PAREN_EXPR:
                pass
            elif kind == CursorKind.UNEXPOSED_EXPR:
                # An implicit conversion: of an array to a pointer, of a pointer to another, or from the field to its value.
                if array and not address:
                    address = parent.type.kind == TypeKind.POINTER
                elif not address:
                    return "read", volatile
            elif kind == CursorKind.ARRAY_SUBSCRIPT_EXPR:
                if next(iter(parent.get_children())) != node:
                    return "read", volatile
                address = array = False
            elif kind == CursorKind.UNARY_OPERATOR:
                operator = unary(parent)
                if operator == ADDRESS_OF:
                    address = True
                elif operator == DEREFERENCE and address:
                    address = False
                elif operator in INCREMENTS:
                    return "read-write", volatile
                else:
                    return "read", volatile
            elif kind == CursorKind.CSTYLE_CAST_EXPR and address:
                volatile = volatile or parent.type.get_pointee().is_volatile_qualified()
            elif address:
                return "address", volatile or (kind == CursorKind.VAR_DECL and parent.type.get_pointee().is_volatile_qualified())
            elif kind == CursorKind.BINARY_OPERATOR:
                operator = binary(parent)
                left = next(iter(parent.get_children())) == node
                if operator == ASSIGN and left:
                    return "write", volatile
                if operator != COMMA:
                    return "read", volatile
            elif kind == CursorKind.COMPOUND_ASSIGNMENT_OPERATOR:
                return ("read-write" if next(iter(parent.get_children())) == node else "read"), volatile
            elif kind == CursorKind.MEMBER_REF_EXPR:
                return None
            else:
                # The operand of typeof or sizeof has no conversion to a value.
                return None
            node = parent
        return None

    def place(self, cursor):
        location = cursor.location
        file = os.path.realpath(location.file.name) if location.file else ""
        return (file[len(self.source):] if file.startswith(self.source) else file), location.line

    def accesses(self, function):
        """Of one function's body."""
        found = []

        def visit(cursor, ancestors, silenced):
            children = list(cursor.get_children())
            if cursor.kind == CursorKind.CXX_UNARY_EXPR or cursor.kind == CursorKind.GENERIC_SELECTION_EXPR:
                return
            if cursor.kind == CursorKind.COMPOUND_STMT:
                # data_race() switches KCSAN off for the statement expression that it is.
                calls = {child.spelling for child in children if child.kind == CursorKind.CALL_EXPR}
                silenced = silenced or "__kcsan_disable_current" in calls
            if cursor.kind == CursorKind.MEMBER_REF_EXPR and (access := self.access(cursor, ancestors, silenced, function)):
                found.append(access)
            ancestors.append(cursor)
            for child in children:
                visit(child, ancestors, silenced)
            ancestors.pop()

        visit(function, [], False)
        return found

    def access(self, member, ancestors, silenced, function):
        # A part of a larger member expression, whose access it is.
        if ancestors and ancestors[-1].kind == CursorKind.MEMBER_REF_EXPR:
            return None
        named = self.named(member)
        how = named and self.classify(member, ancestors)
        if not how:
            return None
        file, line = self.place(member)
        marked = "volatile" if how[1] else "data_race" if silenced else ""
        return Access(named[0], function.spelling, file, line, how[0], marked, named[1])

    def read(self, arguments, directory, main):
        """All accesses in the functions of a file and in the inline functions of headers not seen before."""
        unit = self.index.parse(None, args=[*arguments, f"-working-directory={directory}"])
        errors = [one.spelling for one in unit.diagnostics if one.severity >= 3]
        if errors:
            raise ValueError(f"{main}: {errors[0]}")
        found = []
        for cursor in unit.cursor.get_children():
            if cursor.kind != CursorKind.FUNCTION_DECL or not cursor.is_definition():
                continue
            location = cursor.location
            key = (location.file.name, location.offset)
            if key in self.seen:
                continue
            self.seen.add(key)
            found += self.accesses(cursor)
        return found
