#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs in the guest for `make sharing`. On each processor a thread connects, with the module in several configurations. Prints
# for each configuration:
#   phase NUMBER NAME LOAD-ADDRESS SIZE CALLS    the module's addresses, and connects by all processors
#   symbol NUMBER ADDRESS NAME                   its functions
set -eo pipefail
: "${CONNECTS:=100}"

echo "kernel $(uname -r)"
tsoffset-workload serve > /tmp/serving &
server=$!
until grep -q ready /tmp/serving; do sleep 0.1; done

number=0
# phase NAME MODULE [PARAMETER...]: loads a module, connects, and unloads it.
phase() {
	local name=$1 module=$2 called
	shift 2
	number=$((number + 1))
	insmod "/lib/tsoffset/$module.ko" "$@"
	awk -v number=$number '$2 ~ /^[tT]$/ && $4 == "[tsoffset]" { print "symbol", number, $1, $3 }' /proc/kallsyms
	tsoffset-workload sharing --connects "$CONNECTS" $number > /dev/null
	called=$(awk '$1 == "connects_called" { print $2 }' /proc/tsoffset/stats)
	[ "$called" -eq $(($(nproc) * CONNECTS)) ] || { echo "$name: $called connects of $(($(nproc) * CONNECTS))"; exit 1; }
	awk -v number=$number -v name="$name" -v calls="$called" \
		'$1 == "tsoffset" { print "phase", number, name, $6, $2, calls }' /proc/modules
	rmmod tsoffset
}

phase default tsoffset
phase records=0 tsoffset records=0
phase witness=1 tsoffset witness=1
phase outcomes=4096 tsoffset outcomes=4096
phase control tsoffset-marked-counter
kill "$server"
