// SPDX-License-Identifier: GPL-2.0
//
// What is held where a condition was true, and where it was false.
#ifndef AUDIT_CONDITIONS_HPP
#define AUDIT_CONDITIONS_HPP

#include "events.hpp"

#include <functional>

inline bool logical(const Node &node, CXBinaryOperatorKind kind)
{
	return node.kind == CXCursor_BinaryOperator && node.children.size() == 2 && clang_getCursorBinaryOperatorKind(node.cursor) == kind;
}

class Conditions {
public:
	using Visit = std::function<void(const Node &, State &)>;
	using Leave = std::function<void(const Node &, const State &)>;

	// visit evaluates an operand, and leave is called behind an operator.
	Conditions(const Events &calls, Visit operand, Leave done) : events(calls), visit(operand), leave(done) {}

	// A comparison tells nothing about an owner.
	void of(const Node &node, const State &before, State &yes, State &no) const
	{
		State between, after;

		if (logical(node, CXBinaryOperator_LAnd)) {
			of(node.children[0], before, between, no);
			of(node.children[1], between, yes, after);
			join(no, after);
		} else if (logical(node, CXBinaryOperator_LOr)) {
			of(node.children[0], before, yes, between);
			of(node.children[1], between, after, no);
			join(yes, after);
		} else if (node.kind == CXCursor_UnaryOperator && clang_getCursorUnaryOperatorKind(node.cursor) == CXUnaryOperator_LNot) {
			of(node.children[0], before, no, yes);
		} else if (transparent(node) && node.children.size() == 1) {
			of(node.children[0], before, yes, no);
		} else if (node.kind == CXCursor_CallExpr && callee(node) == "__builtin_expect" && node.children.size() > 1) {
			of(node.children[1], before, yes, no);
		} else {
			yes = before;
			visit(node, yes);
			no = yes;
			events.no_owner(node, no);
			return;
		}
		after = yes;
		join(after, no);
		leave(node, after);
	}

private:
	const Events &events;
	Visit visit;
	Leave leave;
};

#endif
