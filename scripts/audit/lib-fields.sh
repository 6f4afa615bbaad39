# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# The fields and structures that make audit, make fields and make race ask about. A script sources this file after
# scripts/lib.sh.

# Without STRUCTS=.
usual_structures="tcp_sock inet_connection_sock inet_sock sock sock_common ipv6_pinfo mptcp_sock"

# must_be_fields LIST: ends the script unless LIST is empty, "all", or names like tcp_sock.tsoffset.
must_be_fields() {
	local field fields
	[[ $1 != all ]] || return 0
	read -ra fields <<< "$1"
	for field in "${fields[@]}"; do
		[[ $field =~ ^[A-Za-z_][A-Za-z_0-9]*\.[A-Za-z_0-9.]+$ ]] ||
			die "FIELD: $field is not STRUCTURE.member, like tcp_sock.tsoffset"
	done
}

# structures_asked_for: prints those of STRUCTS= or the usual ones, and those of FIELD=: a field brings its structure.
structures_asked_for() {
	local field fields all=${STRUCTS:-$usual_structures}
	read -ra fields <<< "${FIELD-}"
	for field in "${fields[@]}"; do
		[[ $field == all || " $all " == *" ${field%%.*} "* ]] || all+=" ${field%%.*}"
	done
	echo "$all"
}
