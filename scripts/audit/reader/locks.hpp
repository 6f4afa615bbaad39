// SPDX-License-Identifier: GPL-2.0
//
// Which socket locks are held at each place of a function, on every path to it.
#ifndef AUDIT_LOCKS_HPP
#define AUDIT_LOCKS_HPP

#include "events.hpp"

class Locks {
public:
	// at is called for each expression in the order of the source, with what is held before it.
	Locks(const Origins &objects, std::function<void(const Node &, const Held &)> at) : events(objects), report(at) {}

	void walk(const Node &function)
	{
		// A label may be jumped to from below: what is held there is known once the jump was seen.
		for (int round = 0; round < 3; round++) {
			reporting = round == 2;
			State state = Held();

			for (const Node &child : function.children)
				if (child.kind == CXCursor_CompoundStmt)
					visit(child, state);
		}
	}

private:
	Events events;
	std::function<void(const Node &, const Held &)> report;
	bool reporting = false;
	std::map<std::string, State> jumps;
	std::vector<State *> breaks, continues;
	// Of the switches around: what is held where a case begins.
	std::vector<State> entries;

	static void join(State &into, const State &other)
	{
		if (!other)
			return;
		if (!into) {
			into = other;
			return;
		}
		for (auto one = into->begin(); one != into->end();)
			one = other->count(one->first) ? std::next(one) : into->erase(one);
	}

	static bool logical(const Node &node, CXBinaryOperatorKind kind)
	{
		return node.kind == CXCursor_BinaryOperator && node.children.size() == 2 && clang_getCursorBinaryOperatorKind(node.cursor) == kind;
	}

	void leave(const Node &node, const State &state)
	{
		if (reporting && clang_isExpression(node.kind))
			report(node, state ? *state : Held());
	}

	// What is held where a condition was true, and where it was false. A comparison tells nothing about an owner.
	void condition(const Node &node, const State &before, State &yes, State &no)
	{
		State between, after;

		if (logical(node, CXBinaryOperator_LAnd)) {
			condition(node.children[0], before, between, no);
			condition(node.children[1], between, yes, after);
			join(no, after);
		} else if (logical(node, CXBinaryOperator_LOr)) {
			condition(node.children[0], before, yes, between);
			condition(node.children[1], between, after, no);
			join(yes, after);
		} else if (node.kind == CXCursor_UnaryOperator && clang_getCursorUnaryOperatorKind(node.cursor) == CXUnaryOperator_LNot) {
			condition(node.children[0], before, no, yes);
		} else if (transparent(node) && node.children.size() == 1) {
			condition(node.children[0], before, yes, no);
		} else if (node.kind == CXCursor_CallExpr && callee(node) == "__builtin_expect" && node.children.size() > 1) {
			condition(node.children[1], before, yes, no);
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

	void branch(const Node &node, State &state)
	{
		State yes, no;

		if (node.children.empty())
			return;
		condition(node.children.front(), state, yes, no);
		if (node.children.size() > 1)
			visit(node.children[1], yes);
		if (node.children.size() > 2)
			visit(node.children[2], no);
		state = yes;
		join(state, no);
	}

	// The body runs any number of times, with what is held at both ends.
	void loop(const Node &node, State &state)
	{
		State left, again, once = state, end;
		bool was = reporting;

		breaks.push_back(&left);
		continues.push_back(&again);
		for (int round = 0; round < 2; round++) {
			reporting = was && round == 1;
			for (const Node &child : node.children)
				visit(child, once);
			join(once, again);
			end = once;
			join(once, state);
		}
		reporting = was;
		continues.pop_back();
		breaks.pop_back();
		if (node.kind == CXCursor_DoStmt)
			state = end;
		else
			join(state, end);
		join(state, left);
	}

	void visit(const Node &node, State &state)
	{
		switch (node.kind) {
		case CXCursor_IfStmt:
		case CXCursor_ConditionalOperator:
			branch(node, state);
			return;
		case CXCursor_WhileStmt:
		case CXCursor_ForStmt:
		case CXCursor_DoStmt:
			loop(node, state);
			return;
		case CXCursor_SwitchStmt: {
			State after, entry;

			visit(node.children.front(), state);
			entry = state;
			breaks.push_back(&after);
			entries.push_back(entry);
			state.reset();
			for (size_t i = 1; i < node.children.size(); i++)
				visit(node.children[i], state);
			entries.pop_back();
			breaks.pop_back();
			join(state, after);
			join(state, entry);
			return;
		}
		case CXCursor_CaseStmt:
		case CXCursor_DefaultStmt:
			if (!entries.empty())
				join(state, entries.back());
			break;
		case CXCursor_LabelStmt:
			join(state, jumps[spelling(node.cursor)]);
			break;
		case CXCursor_BinaryOperator:
			if (logical(node, CXBinaryOperator_LAnd) || logical(node, CXBinaryOperator_LOr)) {
				State yes, no;

				condition(node, state, yes, no);
				state = yes;
				join(state, no);
				return;
			}
			break;
		default:
			break;
		}
		for (const Node &child : node.children)
			visit(child, state);
		switch (node.kind) {
		case CXCursor_GotoStmt:
			for (const Node &child : node.children)
				join(jumps[spelling(child.cursor)], state);
			state.reset();
			break;
		case CXCursor_ReturnStmt:
			state.reset();
			break;
		case CXCursor_BreakStmt:
			if (!breaks.empty())
				join(*breaks.back(), state);
			state.reset();
			break;
		case CXCursor_ContinueStmt:
			if (!continues.empty())
				join(*continues.back(), state);
			state.reset();
			break;
		default:
			break;
		}
		leave(node, state);
		if (node.kind == CXCursor_CallExpr)
			events.call(node, state);
	}
};

#endif
