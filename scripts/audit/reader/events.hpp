// SPDX-License-Identifier: GPL-2.0
//
// The effect of a call, and of its result, on the held socket locks.
#ifndef AUDIT_EVENTS_HPP
#define AUDIT_EVENTS_HPP

#include "held.hpp"
#include "origin.hpp"

#include <set>

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

	// Behind a call of sock_owned_by_user() that returned 0.
	void no_owner(const Node &call, State &state) const
	{
		if (!state || callee(call) != "sock_owned_by_user" || call.children.size() < 2)
			return;
		std::string object = origins.of(call.children[1]);
		auto lock = state->find("bh_lock_sock:" + object);

		if (lock != state->end())
			(*state)["not owned:" + object] = lock->second;
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
