#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs in the guest for `make instructions`. A thread connects without the module, and with the module in several configurations.
# Prints:
#   kernel RELEASE
#   kallsyms TEXT                         the kernel's functions: "ADDRESS NAME" lines, as gzip and base64
#   symbol NUMBER ADDRESS NAME OWNER      a function of the module, or a trampoline that the kernel made for its probes
#   phase NUMBER NAME CALLS               a configuration, and its connects
set -eo pipefail
: "${CONNECTS:=500}"

echo "kernel $(uname -r)"
awk '$2 ~ /^[tTwW]$/ && NF == 3 { print $1, $3 }' /proc/kallsyms | gzip -9 | base64 -w 0 | awk '{ print "kallsyms", $0 }'
number=0
# phase NAME [PARAMETER...]: connects twice, so that the first round's page faults and allocations are over. Records the second. A
# listener that accepts nothing never runs meanwhile.
phase() {
	local name=$1 called
	shift
	number=$((number + 1))
	tsoffset-workload serve --accept-nothing > /tmp/serving &
	server=$!
	until grep -q ready /tmp/serving; do sleep 0.1; done
	if [ "$name" != without ]; then
		insmod /lib/tsoffset/tsoffset.ko "$@"
		awk -v number=$number '$2 ~ /^[tT]$/ && $4 ~ /^\[(tsoffset|__builtin.*)\]$/ { print "symbol", number, $1, $3, $4 }' /proc/kallsyms
	fi
	tsoffset-workload sharing --connects "$CONNECTS" 7 > /dev/null
	tsoffset-workload sharing --connects "$CONNECTS" $number > /dev/null
	if [ "$name" != without ]; then
		called=$(awk '$1 == "connects_called" { print $2 }' /proc/tsoffset/stats)
		[ "$called" -eq $((2 * CONNECTS)) ] || { echo "$name: $called connects of $((2 * CONNECTS))"; exit 1; }
		rmmod tsoffset
	fi
	kill "$server"
	wait "$server" || :
	echo "phase $number $name $CONNECTS"
}

phase without
phase default
phase records=0 records=0
phase witness=1 witness=1
phase outcomes=4096 outcomes=4096
phase without
