#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# How many instances of a kretprobe one user can take from others.
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=selftests/lib-park.sh
. "$(dirname "$0")/lib-park.sh"

NOLOAD=1

# Of 256 instances one user gets half, and so nobody else's connect is missed.
one_user_takes_half() {
	kprobe_hook_only
	load_with maxactive=256
	park nobody
	held=$(stat connects_in_flight)
	capped=$(stat connects_capped)
	echo "$held of 256 are held"
	[ "$held" -ge 96 ] && [ "$held" -le 128 ] && [ $((held + capped)) -eq 300 ]
	workload connect --serve --to '[::1]:7001' --connects 100
	expect connects_called=401 connects_missed=0 connects_capped="$capped" connects_in_flight="$held" offset_match=101
	# The same user has no more in a user namespace of its own, as whoever.
	tsoffset-workload serve --listen "[::]:7003" > /dev/null &
	su -s /bin/sh nobody -c 'unshare --user --map-root-user tsoffset-workload connect --to "[::1]:7003" --threads 1 --connects 20'
	kill $!
	expect connects_called=421 connects_missed=0
	[ "$(stat connects_capped)" -gt "$capped" ]
	let_go
	expect connects_in_flight=0 ledger=balanced
	# What was held is given back.
	capped=$(stat connects_capped)
	su -s /bin/sh nobody -c 'tsoffset-workload connect --serve --threads 1 --connects 5'
	expect connects_capped="$capped"
}

# Root creates the containers of other people: each of them is one user, and not root.
a_container_of_root_takes_half() {
	kprobe_hook_only
	load_with maxactive=256
	PARK_IN='unshare --user --map-root-user' park root
	held=$(stat connects_in_flight)
	capped=$(stat connects_capped)
	echo "$held of 256 are held"
	[ "$held" -ge 96 ] && [ "$held" -le 128 ] && [ $((held + capped)) -eq 300 ]
	workload connect --serve --to '[::1]:7001' --connects 100
	expect connects_called=401 connects_missed=0 connects_capped="$capped" connects_in_flight="$held" offset_match=101
	# Another container.
	tsoffset-workload serve --listen "[::]:7003" > /dev/null &
	unshare --user --map-root-user tsoffset-workload connect --to "[::1]:7003" --threads 1 --connects 20
	kill $!
	expect connects_called=421 connects_missed=0 connects_capped="$capped"
	let_go
	expect connects_in_flight=0 ledger=balanced
}

run_checks one_user_takes_half a_container_of_root_takes_half
