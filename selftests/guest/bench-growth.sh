#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# How many connects there are in a second, from as many threads as there are processors, with the module and without, in turn.
# Prints "growth loaded|unloaded CONNECTS", ROUNDS times.
set -e
: "${ROUNDS:=8}" "${SECONDS_EACH:=4}"

once() {
	connects=$(tsoffset-workload connect --serve --threads "$(nproc)" --connects 100000000 --seconds "$SECONDS_EACH" |
		awk '$1 == "connects" { print $2 }')
	echo "growth $1 $connects"
}

once warm-up > /dev/null
for _ in $(seq "$ROUNDS"); do
	once unloaded
	insmod /lib/tsoffset/tsoffset.ko
	once loaded
	rmmod tsoffset
done
