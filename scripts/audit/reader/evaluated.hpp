// SPDX-License-Identifier: GPL-2.0
//
// Whether the program evaluates an expression: operands of typeof, sizeof and the like are no accesses.
#ifndef AUDIT_EVALUATED_HPP
#define AUDIT_EVALUATED_HPP

#include "tree.hpp"

inline CXType canonical(const Node &node)
{
	return clang_getCanonicalType(clang_getCursorType(node.cursor));
}

inline bool constant(const Node &node)
{
	CXEvalResult result = clang_Cursor_Evaluate(node.cursor);
	bool known = result && clang_EvalResult_getKind(result) == CXEval_Int;

	if (result)
		clang_EvalResult_dispose(result);
	return known;
}

// Whether a node is an operand of its parent that the parent does not evaluate. libclang shows the expressions in a type before the
// operand or initial value: (typeof(*s->p) *)x, typeof(*s->p) x = y.
inline bool unevaluated(const Node &node, const Node &parent)
{
	switch (parent.kind) {
	case CXCursor_UnaryExpr:
		return true;
	case CXCursor_GenericSelectionExpr:
		// The first child is the controlling expression of _Generic. The chosen branch has the type of the whole expression, and so do all
		// branches alike: these count, too.
		return &node == &parent.children.front() || !clang_equalTypes(canonical(node), canonical(parent));
	case CXCursor_CStyleCastExpr:
	case CXCursor_CompoundLiteralExpr:
		return &node != &parent.children.back();
	case CXCursor_VarDecl:
		return clang_Cursor_isNull(clang_Cursor_getVarDeclInitializer(parent.cursor)) || &node != last_expression(parent);
	case CXCursor_UnexposedExpr:
		// __builtin_types_compatible_p() is a constant, whatever its types are made from. Implicit conversions are the most frequent
		// expressions of this kind.
		return !same_range(node, parent) && constant(parent);
	case CXCursor_CallExpr:
		return callee(parent) == "__builtin_constant_p" || callee(parent) == "__builtin_object_size" ||
		       callee(parent) == "__builtin_dynamic_object_size";
	case CXCursor_FunctionDecl:
		return false;
	default:
		// _Static_assert(), and types in other declarations.
		return clang_isDeclaration(parent.kind);
	}
}

inline bool evaluated(const Node &node)
{
	for (const Node *child = &node; child->parent; child = child->parent)
		if (unevaluated(*child, *child->parent))
			return false;
	return true;
}

#endif
