// SPDX-License-Identifier: GPL-2.0
//
// What is held where a jump leads to: labels, the ends of loops, the cases of switches.
#ifndef AUDIT_JUMPS_HPP
#define AUDIT_JUMPS_HPP

#include "held.hpp"
#include "tree.hpp"

#include <vector>

class Jumps {
public:
	// Around the body of a loop.
	void enter_loop(State &left, State &again)
	{
		breaks.push_back(&left);
		continues.push_back(&again);
	}

	void leave_loop()
	{
		continues.pop_back();
		breaks.pop_back();
	}

	// Around the body of a switch, each case of which begins with what is held at entry.
	void enter_switch(State &left, const State &entry)
	{
		breaks.push_back(&left);
		entries.push_back(entry);
	}

	void leave_switch()
	{
		entries.pop_back();
		breaks.pop_back();
	}

	// Before a statement that a jump leads to.
	void arrive(const Node &node, State &state)
	{
		if (node.kind == CXCursor_LabelStmt)
			join(state, labels[spelling(node.cursor)]);
		else if ((node.kind == CXCursor_CaseStmt || node.kind == CXCursor_DefaultStmt) && !entries.empty())
			join(state, entries.back());
	}

	// Behind a statement that jumps: no path goes on there.
	void depart(const Node &node, State &state)
	{
		switch (node.kind) {
		case CXCursor_GotoStmt:
			for (const Node &child : node.children)
				join(labels[spelling(child.cursor)], state);
			break;
		case CXCursor_BreakStmt:
			if (!breaks.empty())
				join(*breaks.back(), state);
			break;
		case CXCursor_ContinueStmt:
			if (!continues.empty())
				join(*continues.back(), state);
			break;
		case CXCursor_ReturnStmt:
			break;
		default:
			return;
		}
		state.reset();
	}

private:
	std::map<std::string, State> labels;
	std::vector<State *> breaks, continues;
	std::vector<State> entries;
};

#endif
