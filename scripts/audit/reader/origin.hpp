// SPDX-License-Identifier: GPL-2.0
//
// Which object an expression points into, as far as one function tells: by the name of a parameter or variable, and members on the way.
#ifndef AUDIT_ORIGIN_HPP
#define AUDIT_ORIGIN_HPP

#include "tree.hpp"

#include <map>
#include <regex>

class Origins {
public:
	explicit Origins(const Node &function)
	{
		gather(function);
	}

	// Empty where it cannot be told.
	std::string of(const Node &node, int depth = 0) const
	{
		if (depth > 40)
			return "";
		switch (node.kind) {
		case CXCursor_DeclRefExpr:
			return variable(spelling(node.cursor), depth);
		case CXCursor_ParenExpr:
		case CXCursor_UnexposedExpr:
			return node.children.empty() ? "" : of(node.children.front(), depth + 1);
		case CXCursor_CStyleCastExpr:
			return node.children.empty() ? "" : of(node.children.back(), depth + 1);
		case CXCursor_MemberRefExpr: {
			std::string base = node.children.empty() ? "" : of(node.children.front(), depth + 1);

			// A pointer that is kept in an object leads to another one; a part of an object does not.
			return base.empty() || type_of(node) != CXType_Pointer ? base : base + "->" + spelling(node.cursor);
		}
		case CXCursor_UnaryOperator:
		case CXCursor_ArraySubscriptExpr:
			return node.children.empty() ? "" : of(node.children.front(), depth + 1);
		case CXCursor_CallExpr:
			return same_object(callee(node)) && node.children.size() > 1 ? of(node.children[1], depth + 1) : "";
		case CXCursor_BinaryOperator:
		case CXCursor_ConditionalOperator:
		case CXCursor_GenericSelectionExpr:
		case CXCursor_StmtExpr:
		case CXCursor_CompoundStmt:
		case CXCursor_DeclStmt:
			// container_of() is a statement expression, or one in a choice by type.
			for (const Node &child : node.children) {
				std::string found = child.kind == CXCursor_VarDecl ? declared(child, depth) : of(child, depth + 1);

				if (!found.empty())
					return found;
			}
			return "";
		default:
			return "";
		}
	}

private:
	// The only expression that a variable is set from; NULL where there are several.
	std::map<std::string, const Node *> sources;

	// Casts of a socket to the structure around it or in it.
	static bool same_object(const std::string &function)
	{
		static const std::regex names("_*(tcp|inet|inet_csk|inet6|tcp_inet6|mptcp|raw|raw6|udp)_sk|inet_reqsk|tcp_rsk|inet_rsk|req_to_sk|spinlock_check");

		return std::regex_match(function, names);
	}

	std::string declared(const Node &variable, int depth) const
	{
		return variable.children.empty() ? "" : of(variable.children.back(), depth + 1);
	}

	std::string variable(const std::string &name, int depth) const
	{
		auto source = sources.find(name);
		std::string origin;

		if (source != sources.end() && source->second)
			origin = of(*source->second, depth + 1);
		return origin.empty() ? name : origin;
	}

	void set(const std::string &name, const Node *source)
	{
		auto [old, added] = sources.emplace(name, source);

		if (!added)
			old->second = nullptr;
	}

	void gather(const Node &node)
	{
		if (node.kind == CXCursor_ParmDecl) {
			set(spelling(node.cursor), nullptr);
			return;
		}
		if (node.kind == CXCursor_VarDecl && !node.children.empty() && clang_isExpression(node.children.back().kind))
			set(spelling(node.cursor), &node.children.back());
		if (node.kind == CXCursor_BinaryOperator && clang_getCursorBinaryOperatorKind(node.cursor) == CXBinaryOperator_Assign &&
		    node.children.size() == 2 && node.children.front().kind == CXCursor_DeclRefExpr)
			set(spelling(node.children.front().cursor), &node.children.back());
		for (const Node &child : node.children)
			gather(child);
	}
};

#endif
