// SPDX-License-Identifier: GPL-2.0
//
// Which socket locks are held at each place of a function, on every path to it.
#ifndef AUDIT_LOCKS_H
#define AUDIT_LOCKS_H

#include "origin.h"

#include <functional>
#include <optional>
#include <set>

// By "LOCK:OBJECT", the line where it was taken.
using Held = std::map<std::string, unsigned int>;
// None where no path leads to.
using State = std::optional<Held>;

class Locks {
public:
	// at is called for each expression in the order of the source, with what is held before it.
	Locks(const Origins &objects, std::function<void(const Node &, const Held &)> at) : origins(objects), report(at) {}

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
	const Origins &origins;
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

	static bool mentions(const Node &node, const char *member)
	{
		if (node.kind == CXCursor_MemberRefExpr && spelling(node.cursor) == member)
			return true;
		for (const Node &child : node.children)
			if (mentions(child, member))
				return true;
		return false;
	}

	void call(const Node &node, State &state)
	{
		static const std::map<std::string, std::string> takes = {
			{ "lock_sock_nested", "lock_sock" }, { "lock_sock", "lock_sock" }, { "lock_sock_fast", "lock_sock_fast" },
			{ "lock_sock_fast_nested", "lock_sock_fast" }, { "sockopt_lock_sock", "sockopt_lock_sock" },
			{ "sock_owned_by_me", "sock_owned_by_me" }, { "msk_owned_by_me", "msk_owned_by_me" },
		};
		static const std::set<std::string> gives = { "release_sock", "unlock_sock_fast", "sockopt_release_sock", "__release_sock" };
		static const std::set<std::string> makes = {
			"sk_clone_lock", "sk_clone", "inet_csk_clone_lock", "tcp_create_openreq_child", "sk_alloc", "mptcp_sk_clone_init",
		};
		// A clone is locked from the start; these return one that others may find already.
		static const std::set<std::string> clones = { "syn_recv_sock", "tcp_fastopen_create_child", "tcp_get_cookie_sock" };
		static const std::set<std::string> publishes = {
			"inet_ehash_nolisten", "inet_ehash_insert", "inet_csk_complete_hashdance", "inet_csk_reqsk_queue_add", "inet_hash", "fd_install",
		};
		// Of a call through a pointer, the pointer's.
		std::string name = spelling(node.cursor), object;

		if (!state || name.empty())
			return;
		if (node.children.size() > 1)
			object = origins.of(node.children[1]);
		if (takes.count(name)) {
			(*state)[takes.at(name) + ":" + object] = place(node.cursor).line;
		} else if (name.find("spin_lock") != std::string::npos && name.find("unlock") == std::string::npos &&
			   node.children.size() > 1 && mentions(node.children[1], "slock")) {
			(*state)["bh_lock_sock:" + object] = place(node.cursor).line;
		} else if (gives.count(name) || (name.find("spin_unlock") != std::string::npos && node.children.size() > 1 &&
						 mentions(node.children[1], "slock"))) {
			for (auto one = state->begin(); one != state->end();) {
				std::string kind = one->first.substr(0, one->first.find(':'));

				one = kind != "new" && one->first.substr(kind.size() + 1) == object ? state->erase(one) : std::next(one);
			}
		} else if (publishes.count(name)) {
			for (const Node &argument : node.children)
				if (state->erase("new:" + origins.of(argument)))
					(*state)["cloned:" + origins.of(argument)] = place(node.cursor).line;
		} else if (makes.count(name) || clones.count(name)) {
			std::string kind = makes.count(name) ? "new:" : "cloned:";
			// What it is assigned to.
			const Node *parent = node.parent;

			while (parent && transparent(*parent))
				parent = parent->parent;
			if (parent && parent->kind == CXCursor_VarDecl)
				(*state)[kind + spelling(parent->cursor)] = place(node.cursor).line;
			else if (parent && parent->kind == CXCursor_BinaryOperator)
				(*state)[kind + origins.of(parent->children.front())] = place(node.cursor).line;
		}
	}

	// The socket that a condition finds without an owner: "" where it does not look. then: in the branch that is taken, or in the other.
	std::string unowned(const Node &condition, bool &then) const
	{
		const Node *found = nullptr;
		std::function<void(const Node &)> look = [&](const Node &node) {
			if (node.kind == CXCursor_CallExpr && callee(node) == "sock_owned_by_user")
				found = &node;
			for (const Node &child : node.children)
				look(child);
		};
		bool negated = false, conjunction = false, disjunction = false;

		look(condition);
		if (!found || found->children.size() < 2)
			return "";
		for (const Node *node = found->parent; node && node != condition.parent; node = node->parent) {
			if (node->kind == CXCursor_UnaryOperator && clang_getCursorUnaryOperatorKind(node->cursor) == CXUnaryOperator_LNot)
				negated = !negated;
			if (node->kind == CXCursor_BinaryOperator) {
				conjunction = conjunction || clang_getCursorBinaryOperatorKind(node->cursor) == CXBinaryOperator_LAnd;
				disjunction = disjunction || clang_getCursorBinaryOperatorKind(node->cursor) == CXBinaryOperator_LOr;
			}
		}
		then = negated;
		return (negated ? disjunction : conjunction) ? "" : origins.of(found->children[1]);
	}

	void branch(const Node &node, State &state)
	{
		if (node.children.empty())
			return;
		visit(node.children.front(), state);
		bool then = true;
		std::string object = unowned(node.children.front(), then);
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
			call(node, state);
	}
};

#endif
