// SPDX-License-Identifier: GPL-2.0
//
// The path of a file within the source.
#ifndef AUDIT_PATH_HPP
#define AUDIT_PATH_HPP

#include "tree.hpp"

#include <climits>
#include <cstdlib>
#include <map>

// The directory of the source, with a slash at its end.
inline std::string source;

inline std::string shortened(const std::string &name)
{
	static std::map<std::string, std::string> known;
	auto [entry, added] = known.emplace(name, name);

	if (added) {
		char real[PATH_MAX];

		if (realpath(name.c_str(), real))
			entry->second = real;
		if (entry->second.compare(0, source.size(), source) == 0)
			entry->second.erase(0, source.size());
	}
	return entry->second;
}

// Whether a declaration is in a file of network code.
inline bool of_network(CXCursor cursor)
{
	std::string file = shortened(place(cursor).file);

	return file.find("net/") != std::string::npos || file.find("include/linux/tcp.h") != std::string::npos;
}

#endif
