// SPDX-License-Identifier: GPL-2.0
//
// Which socket locks are held at each place of a function, on every path to it.
#ifndef AUDIT_LOCKS_HPP
#define AUDIT_LOCKS_HPP

#include "conditions.hpp"
#include "jumps.hpp"

class Locks {
public:
	// at is called for each expression in the order of the source, with what is held before it.
	Locks(const Origins &objects, std::function<void(const Node &, const Held &)> at)
		: events(objects), report(at),
		  conditions(events, [this](const Node &node, State &state) { visit(node, state); },
			     [this](const Node &node, const State &state) { leave(node, state); })
	{
	}

	void walk(const Node &function)
	{
		// A backward jump can change the held locks at a label, so the walk repeats.
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
	Conditions conditions;
	Jumps jumps;
	bool reporting = false;

	void leave(const Node &node, const State &state)
	{
		if (reporting && clang_isExpression(node.kind))
			report(node, state ? *state : Held());
	}

	void branch(const Node &node, State &state)
	{
		State yes, no;

		if (node.children.empty())
			return;
		conditions.of(node.children.front(), state, yes, no);
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

		jumps.enter_loop(left, again);
		for (int round = 0; round < 2; round++) {
			reporting = was && round == 1;
			for (const Node &child : node.children)
				visit(child, once);
			join(once, again);
			end = once;
			join(once, state);
		}
		reporting = was;
		jumps.leave_loop();
		if (node.kind == CXCursor_DoStmt)
			state = end;
		else
			join(state, end);
		join(state, left);
	}

	void choice(const Node &node, State &state)
	{
		State after, entry;

		visit(node.children.front(), state);
		entry = state;
		jumps.enter_switch(after, entry);
		state.reset();
		for (size_t i = 1; i < node.children.size(); i++)
			visit(node.children[i], state);
		jumps.leave_switch();
		join(state, after);
		join(state, entry);
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
		case CXCursor_SwitchStmt:
			choice(node, state);
			return;
		default:
			break;
		}
		if (logical(node, CXBinaryOperator_LAnd) || logical(node, CXBinaryOperator_LOr)) {
			State yes, no;

			conditions.of(node, state, yes, no);
			state = yes;
			join(state, no);
			return;
		}
		jumps.arrive(node, state);
		for (const Node &child : node.children)
			visit(child, state);
		jumps.depart(node, state);
		leave(node, state);
		if (node.kind == CXCursor_CallExpr)
			events.call(node, state);
	}
};

#endif
