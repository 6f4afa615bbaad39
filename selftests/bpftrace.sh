#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The tracepoint with bpftrace, if the guest has bpftrace.
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=selftests/lib-trace.sh
. "$(dirname "$0")/lib-trace.sh"

NOLOAD=1

# Every field in the form of the other tools, but verdict and flags as numbers. One printf prints all fields, because
# another CPU's output can come between two.
program='tracepoint:tsoffset:connect {
	printf("[%d] connect: time=%llu seq=%llu recorded=%d pid=%d tgid=%d uid=%d netns=%u cookie=%llu source=%s sport=%d destination=%s dport=%d error=%d offset=0x%08x expected=0x%08x verdict=%d duration=%llu overlaps=%d flags=%d parent=%llu realtime=%llu cgroup=%llu comm=%s\n",
		cpu, args.time, args.seq, args.recorded, args.pid, args.tgid, args.uid, args.netns, args.cookie,
		ntop(args.source), args.sport, ntop(args.destination), args.dport, args.error, args.offset,
		args.expected, args.verdict, args.duration, args.overlaps, args.flags, args.parent, args.realtime,
		args.cgroup, args.comm);
}'

same_lines_as_connects() {
	load_with_tool bpftrace
	# bpftrace takes the command as one word.
	# shellcheck disable=SC2016 # for the other shell
	echo 'set -e; . "$TSOFFSET_SELFTESTS/lib.sh"; . "$TSOFFSET_SELFTESTS/lib-trace.sh"; all_kinds' > /tmp/kinds
	TSOFFSET_SELFTESTS=$TSOFFSET_SELFTESTS bpftrace -B line -o /tmp/lines -e "$program" -c '/bin/bash /tmp/kinds'
	sed -e 's/ verdict=0 / verdict=match /; s/ verdict=1 / verdict=zero /; s/ verdict=4 / verdict=repair /' \
		-e 's/ verdict=5 / verdict=failed /; s/ flags=0 / flags=- /; s/ flags=1 / flags=repair /' \
		-e 's/ flags=8 / flags=v4mapped /' /tmp/lines > /tmp/trace
	has_all_kinds /tmp/trace
	same_as_recorded /tmp/trace
}

# nine_connects_with PROGRAM: runs a bpftrace program during nine connects. /tmp/counts has its output.
nine_connects_with() {
	bpftrace -e "$1" -c '/bin/tsoffset-workload connect --serve --threads 1 --connects 9' > /tmp/counts
	cat /tmp/counts
}

# One thread connects. If two CPUs reach a new key of a map at the same time, bpftrace loses one of their counts
# ("map_update_elem, retcode: -17").
counts_in_the_kernel() {
	load_with_tool bpftrace
	nine_connects_with 'tracepoint:tsoffset:connect /args.dport == 7000/ { @verdicts[args.verdict] = count(); }'
	grep -qx '@verdicts\[0\]: 9' /tmp/counts
}

# The cgroup is the one that BPF's own helper returns. All processes of the guest but this one are in the root.
the_cgroup_is_the_one_of_bpf() {
	load_with_tool bpftrace
	make_cgroup
	echo 0 > "$CGROUP/cgroup.procs"
	nine_connects_with 'tracepoint:tsoffset:connect { @same[args.cgroup == cgroup, cgroup] = count(); }'
	grep -qx "@same\[1, $(busybox stat -c %i "$CGROUP")\]: 9" /tmp/counts
}

# Another script on the same function, at entry and return.
beside_a_kprobe_on_the_function() {
	load_with_tool bpftrace
	nine_connects_with 'kprobe:tcp_v6_connect { @calls = count(); } kretprobe:tcp_v6_connect { @returns = count(); }'
	grep -qx '@calls: 9' /tmp/counts
	grep -qx '@returns: 9' /tmp/counts
	all_matched 9
}

holds_the_module() {
	load_with_tool bpftrace
	bpftrace -e 'tracepoint:tsoffset:connect { @ = count(); }' &
	held_while $!
}

run_checks same_lines_as_connects the_cgroup_is_the_one_of_bpf counts_in_the_kernel beside_a_kprobe_on_the_function holds_the_module
