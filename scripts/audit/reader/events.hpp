// SPDX-License-Identifier: GPL-2.0
//
// What a call does to the socket locks that are held, and what a condition tells about them.
#ifndef AUDIT_EVENTS_HPP
#define AUDIT_EVENTS_HPP

#include "origin.hpp"

#include <functional>
#include <optional>
#include <set>

// By "LOCK:OBJECT", the line where it was taken.
using Held = std::map<std::string, unsigned int>;
// None where no path leads to.
using State = std::optional<Held>;

class Events {
public:
	explicit Events(const Origins &objects) : origins(objects) {}

	void call(const Node &node, State &state) const
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

private:
	const Origins &origins;

	static bool mentions(const Node &node, const char *member)
	{
		if (node.kind == CXCursor_MemberRefExpr && spelling(node.cursor) == member)
			return true;
		for (const Node &child : node.children)
			if (mentions(child, member))
				return true;
		return false;
	}
};

#endif
