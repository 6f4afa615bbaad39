// SPDX-License-Identifier: GPL-2.0
//
// The syntax tree of a function, by libclang's C interface.
#ifndef AUDIT_TREE_HPP
#define AUDIT_TREE_HPP

#include <clang-c/Index.h>

#include <string>
#include <vector>

struct Node {
	CXCursor cursor;
	CXCursorKind kind;
	const Node *parent;
	std::vector<Node> children;
};

inline std::string text(CXString string)
{
	const char *chars = clang_getCString(string);
	std::string copy = chars ? chars : "";

	clang_disposeString(string);
	return copy;
}

inline std::string spelling(CXCursor cursor)
{
	return text(clang_getCursorSpelling(cursor));
}

inline CXChildVisitResult add_child(CXCursor cursor, CXCursor, CXClientData data)
{
	static_cast<std::vector<Node> *>(data)->push_back({ cursor, clang_getCursorKind(cursor), nullptr, {} });
	return CXChildVisit_Continue;
}

// A parent does not move once its children have been added.
inline void grow(Node &node)
{
	clang_visitChildren(node.cursor, add_child, &node.children);
	for (Node &child : node.children) {
		child.parent = &node;
		grow(child);
	}
}

inline bool transparent(const Node &node)
{
	return node.kind == CXCursor_ParenExpr || node.kind == CXCursor_UnexposedExpr || node.kind == CXCursor_CStyleCastExpr;
}

inline CXTypeKind type_of(const Node &node)
{
	return clang_getCursorType(node.cursor).kind;
}

inline bool same_range(const Node &one, const Node &other)
{
	return clang_equalRanges(clang_getCursorExtent(one.cursor), clang_getCursorExtent(other.cursor));
}

// An attribute of a variable can follow its initial value.
inline const Node *last_expression(const Node &node)
{
	for (auto child = node.children.rbegin(); child != node.children.rend(); ++child)
		if (clang_isExpression(child->kind))
			return &*child;
	return nullptr;
}

// Where a node is in the source after the preprocessor: a macro is where it is used.
struct Place {
	std::string file;
	unsigned int line, column;
};

inline Place place(CXCursor cursor)
{
	CXFile file;
	Place found;

	clang_getExpansionLocation(clang_getCursorLocation(cursor), &file, &found.line, &found.column, nullptr);
	if (file)
		found.file = text(clang_getFileName(file));
	return found;
}

// The function that a call names; empty where it calls through a pointer.
inline std::string callee(const Node &call)
{
	CXCursor target = clang_getCursorReferenced(call.cursor);

	return clang_getCursorKind(target) == CXCursor_FunctionDecl ? spelling(target) : "";
}

#endif
