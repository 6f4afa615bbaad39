// SPDX-License-Identifier: GPL-2.0
//
// Which field of which structure a member expression names, and the pointer or variable that it starts from.
#ifndef AUDIT_FIELD_HPP
#define AUDIT_FIELD_HPP

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

// The structure that a member belongs to by name. Instead of a structure or union without a name, it is the one around it. A member
// that is declared with such a structure keeps it: rcvq_space.space of struct tcp_sock.
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

#endif
