// SPDX-License-Identifier: GPL-2.0
//
// The functions whose address is taken: somebody may call them through a pointer.
#ifndef AUDIT_REFERENCES_HPP
#define AUDIT_REFERENCES_HPP

#include "path.hpp"

#include <cstdio>

inline void reference(const Node &node)
{
	CXCursor target = clang_getCursorReferenced(node.cursor);
	const Node *child = &node, *parent = node.parent;

	if (clang_getCursorKind(target) != CXCursor_FunctionDecl || !of_network(target))
		return;
	while (parent && (transparent(*parent) || parent->kind == CXCursor_UnaryOperator)) {
		child = parent;
		parent = parent->parent;
	}
	// A call, a comparison, and EXPORT_SYMBOL().
	if (parent && parent->kind == CXCursor_CallExpr && &parent->children.front() == child)
		return;
	if (parent && parent->kind == CXCursor_BinaryOperator &&
	    clang_getCursorBinaryOperatorKind(parent->cursor) != CXBinaryOperator_Assign)
		return;
	if (parent && parent->kind == CXCursor_VarDecl && spelling(parent->cursor).compare(0, 11, "__UNIQUE_ID") == 0)
		return;
	printf("R\t%s\n", spelling(target).c_str());
}

inline void references(const Node &node)
{
	if (node.kind == CXCursor_DeclRefExpr)
		reference(node);
	for (const Node &child : node.children)
		references(child);
}

#endif
