#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The cgroup of a connect: in records, events and the filter.
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

NOLOAD=1
CONNECTS=/proc/tsoffset/connects

# inside COMMAND...: runs COMMAND in the cgroup of this test.
inside() { (echo 0 > "$CGROUP/cgroup.procs" && exec "$@"); }

# cgroups: counts the records by cgroup.
cgroups() { awk 'NR > 1 { n[$23]++ } END { for (id in n) print id, n[id] }' "$CONNECTS" | sort; }

# "stat" is a function of lib.sh.
inode() { busybox stat -c %i "$1"; }

cgroup_of_the_caller() {
	if ! has_cgroups; then
		load
		workload connect --serve --threads 1 --connects 3
		[ "$(cgroups)" = "0 3" ]
		return
	fi
	make_cgroup
	load_with outcomes=64
	inside tsoffset-workload connect --serve --threads 4 --connects 12
	workload connect --serve --threads 2 --connects 5
	printf '%s\n' "$(inode /tmp/cgroup) 5" "$(inode "$CGROUP") 12" | sort > /tmp/expected
	cgroups | diff /tmp/expected -
	# The events of both sides of a connection have it.
	tsoffset-workload follow /proc/tsoffset/events --oldest --lines 51 > /tmp/events
	for event in connect outcome accepted; do
		[ "$(grep -cE "\"event\":\"$event\".*\"cgroup\":$(inode "$CGROUP")[,}]" /tmp/events)" -eq 12 ]
	done
}

# The filter takes records and events of tasks in that cgroup. Each task connects its own socket here.
filter_by_cgroup() {
	make_cgroup
	load_with outcomes=64
	echo "cgroup=$(inode "$CGROUP")" > /proc/tsoffset/filter
	inside tsoffset-workload connect --serve --threads 2 --connects 7
	workload connect --serve --threads 2 --connects 4
	expect connects_recorded=7 connects_filtered=4 outcomes_recorded=7 outcomes_filtered=4 ledger=balanced
	echo "cgroup=!$(inode "$CGROUP"),1" > /proc/tsoffset/filter
	workload connect --serve --threads 2 --connects 3
	# The root has inode 1.
	expect connects_recorded=7 connects_filtered=7
}

# The number stays after the cgroup is gone, and another cgroup gets another number.
removed_cgroup() {
	make_cgroup
	load
	inside tsoffset-workload connect --serve --threads 1 --connects 3
	before=$(inode "$CGROUP")
	wait_for 5 rmdir "$CGROUP"
	mkdir "$CGROUP"
	inside tsoffset-workload connect --serve --threads 1 --connects 2
	printf '%s\n' "$before 3" "$(inode "$CGROUP") 2" | sort > /tmp/expected
	cgroups | diff /tmp/expected -
}

run_checks cgroup_of_the_caller filter_by_cgroup removed_cgroup
