// SPDX-License-Identifier: GPL-2.0
//
// The locks that are held at a place of a function.
#ifndef AUDIT_HELD_HPP
#define AUDIT_HELD_HPP

#include <iterator>
#include <map>
#include <optional>
#include <string>

// By "LOCK:OBJECT", the line where it was taken.
using Held = std::map<std::string, unsigned int>;
// None where no path leads to.
using State = std::optional<Held>;

// At a join, the intersection of both paths' locks.
inline void join(State &into, const State &other)
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

#endif
