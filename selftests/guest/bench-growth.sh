#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Counts connects in some seconds, from as many threads as there are processors, with and without the module in turn. Prints
# "growth loaded|unloaded CONNECTS", ROUNDS times each.
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
