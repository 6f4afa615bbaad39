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

	void branch(const Node &node, State &state)
	{
		if (node.children.empty())
			return;
		visit(node.children.front(), state);
		bool then = true;
		std::string object = events.unowned(node.children.front(), then);
		State taken = state, other = state;
		State &free = then ? taken : other;

		if (free && free->count("bh_lock_sock:" + object))
			(*free)["not owned:" + object] = (*free)["bh_lock_sock:" + object];
		if (node.children.size() > 1)
			visit(node.children[1], taken);
		if (node.children.size() > 2)
			visit(node.children[2], other);
		state = taken;
		join(state, other);
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
		if (reporting && clang_isExpression(node.kind))
			report(node, state ? *state : Held());
		if (node.kind == CXCursor_CallExpr)
			events.call(node, state);
	}
};

#endif
