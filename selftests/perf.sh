#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The tracepoint with perf, if the guest has perf.
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=selftests/lib-trace.sh
. "$(dirname "$0")/lib-trace.sh"

NOLOAD=1

# perf records on every CPU and for every process.
record=(perf record --quiet --all-cpus --event tsoffset:connect --output /tmp/perf.data)

same_lines_as_connects() {
	load_with_tool perf
	all_kinds_under "${record[@]}"
	perf script --input /tmp/perf.data > /tmp/trace
	has_all_kinds /tmp/trace
	same_as_recorded /tmp/trace
}

it_filters_and_counts() {
	load_with_tool perf
	"${record[@]}" --filter 'dport == 7000 && verdict == 0' \
		tsoffset-workload connect --serve --threads 2 --connects 7
	perf script --input /tmp/perf.data > /tmp/trace
	[ "$(columns < /tmp/trace | wc -l)" -eq 7 ]
	"${record[@]}" --filter 'dport != 7000' tsoffset-workload connect --serve --threads 2 --connects 7
	perf script --input /tmp/perf.data > /tmp/trace
	[ "$(columns < /tmp/trace | wc -l)" -eq 0 ]
	perf stat --all-cpus --event tsoffset:connect --field-separator , --output /tmp/stat \
		tsoffset-workload connect --serve --threads 2 --connects 9
	grep -q '^9,,tsoffset:connect,' /tmp/stat
}

holds_the_module() {
	load_with_tool perf
	"${record[@]}" sleep 100 &
	perf=$!
	held_while "$perf"
}

run_checks same_lines_as_connects it_filters_and_counts holds_the_module
