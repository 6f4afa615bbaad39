// SPDX-License-Identifier: GPL-2.0
//
// What a member expression is: which field of which structure, read or written, marked or plain.
//
// An access is marked where the compiler has to make one access of it: through a pointer to volatile, as READ_ONCE(), WRITE_ONCE(),
// smp_load_acquire(), smp_store_release() and xchg() do (include/asm-generic/rwonce.h). Whether a macro hides it does not matter.
#ifndef AUDIT_ACCESS_HPP
#define AUDIT_ACCESS_HPP

#include "tree.hpp"

#include <set>

// The pointer or variable that a.b.c starts from; adds the members on the way, the last one first.
inline const Node *chain(const Node &member, std::vector<const Node *> &members)
{
	const Node *node = &member;

	while (node->kind == CXCursor_MemberRefExpr) {
		members.push_back(node);
		if (node->children.empty())
			return nullptr;
		node = &node->children.front();
		while (type_of(*node) != CXType_Pointer && transparent(*node) && !node->children.empty())
			node = &node->children.front();
		if (type_of(*node) == CXType_Pointer)
			return node;
	}
	return node;
}

inline bool anonymous(CXCursor record)
{
	std::string name = spelling(record);

	// One without a name has one that says where it is.
	return name.empty() || name.find('(') != std::string::npos || clang_Cursor_isAnonymous(record);
}

struct Field {
	std::string name, shape;
	const Node *base;
};

// The structure that a member belongs to by name: of a structure or union without a name, the one around it, unless the next member on
// the way is declared with it, as rcvq_space.space of struct tcp_sock.
inline CXCursor named_record(CXCursor field, const Node *outer, bool &overlaid)
{
	CXCursor record = clang_getCursorSemanticParent(field), around = clang_getNullCursor();

	if (outer)
		around = clang_getTypeDeclaration(clang_getCanonicalType(clang_getCursorType(outer->cursor)));
	for (;;) {
		overlaid = overlaid || clang_getCursorKind(record) == CXCursor_UnionDecl;
		if (clang_equalCursors(record, around) || !anonymous(record) || clang_Cursor_isNull(record) ||
		    clang_getCursorKind(record) == CXCursor_TranslationUnit)
			return record;
		record = clang_getCursorSemanticParent(record);
	}
}

// name is empty where the member is of no structure asked for.
inline Field field_of(const Node &member, const std::set<std::string> &structures)
{
	std::vector<const Node *> members;
	Field found;
	bool bits = false, overlaid = false;

	found.base = chain(member, members);
	for (size_t i = 0; i < members.size(); i++) {
		CXCursor field = clang_getCursorReferenced(members[i]->cursor);
		CXCursor record = named_record(field, i + 1 < members.size() ? members[i + 1] : nullptr, overlaid);
		std::string part = spelling(field);

		bits = bits || clang_Cursor_isBitField(field);
		if (!part.empty() && part.find('(') == std::string::npos)
			found.name = "." + part + found.name;
		if (structures.count(spelling(record))) {
			found.name = spelling(record) + found.name;
			found.shape = bits ? "bit field" : overlaid ? "union" : "";
			return found;
		}
	}
	found.name.clear();
	return found;
}

inline bool volatile_pointee(const Node &node)
{
	return clang_isVolatileQualifiedType(clang_getPointeeType(clang_getCursorType(node.cursor)));
}

struct Kind {
	const char *name; // NULL where nothing is accessed: the operand of typeof or sizeof has no conversion to a value.
	bool marked;
};

// Goes up from the member until something reads it, stores to it or takes its address.
inline Kind kind_of(const Node &member)
{
	const Node *node = &member;
	bool address = false, marked = false;
	bool array = type_of(member) == CXType_ConstantArray || type_of(member) == CXType_IncompleteArray;

	for (const Node *parent = node->parent; parent; node = parent, parent = parent->parent) {
		bool first = &parent->children.front() == node;

		switch (parent->kind) {
		case CXCursor_ParenExpr:
			break;
		case CXCursor_UnexposedExpr:
			// An implicit conversion: of an array to a pointer, of a pointer to another, or from the field to its value.
			if (array && !address)
				address = type_of(*parent) == CXType_Pointer;
			else if (!address)
				return { "read", marked };
			break;
		case CXCursor_ArraySubscriptExpr:
			if (!first)
				return { "read", marked };
			address = array = false;
			break;
		case CXCursor_UnaryOperator:
			switch (clang_getCursorUnaryOperatorKind(parent->cursor)) {
			case CXUnaryOperator_AddrOf:
				address = true;
				break;
			case CXUnaryOperator_Deref:
				if (!address)
					return { "read", marked };
				address = false;
				break;
			case CXUnaryOperator_PostInc:
			case CXUnaryOperator_PostDec:
			case CXUnaryOperator_PreInc:
			case CXUnaryOperator_PreDec:
				return { "read-write", marked };
			default:
				return { "read", marked };
			}
			break;
		case CXCursor_CStyleCastExpr:
			if (!address)
				return { nullptr, false };
			marked = marked || volatile_pointee(*parent);
			break;
		case CXCursor_BinaryOperator: {
			CXBinaryOperatorKind operation = clang_getCursorBinaryOperatorKind(parent->cursor);

			if (address)
				return { "address", marked };
			if (operation == CXBinaryOperator_Assign && first)
				return { "write", marked };
			if (operation != CXBinaryOperator_Comma)
				return { "read", marked };
			break;
		}
		case CXCursor_CompoundAssignOperator:
			return { address ? "address" : first ? "read-write" : "read", marked };
		case CXCursor_VarDecl:
			return { address ? "address" : nullptr, marked || volatile_pointee(*parent) };
		default:
			return { address ? "address" : nullptr, marked };
		}
	}
	return { nullptr, false };
}

#endif
