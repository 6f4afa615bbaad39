#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# bound-types.sh BINDINGS: prints the names of the types that the kernel crate's bindings define, sorted. The bindings only
# forward-declare some structures, which are left out, and number anonymous types anew in each run. Where the kernel was built
# without rustfmt, the bindings are a single line.
set -eu
sed -E 's/([];}]) (pub (struct|union|type) )/\1\n\2/g' "$1" | awk '
	/^pub (struct|union|type) / {
		name = $3
		sub(/[^A-Za-z0-9_].*/, "", name)
		# rustfmt puts the first field into the next line.
		if ($0 ~ /^pub struct [^{]*\{$/)
			next
		if ($0 ~ /_unused *: *\[ *u8 *; *0/)
			name = ""
	}
	name != "" {
		if ($0 !~ /_unused: \[u8; 0\]/ && name !~ /^_bindgen_ty/)
			print name
		name = ""
	}' | LC_ALL=C sort -u
