#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Module parameters, good and bad.
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

NOLOAD=1

maxactive_zero_is_refused() { refuses 'Invalid parameters' 'maxactive=0 is not within' load_with maxactive=0; }

maxactive_too_large_is_refused() {
	refuses 'Invalid parameters' 'maxactive=4097 is not within' load_with maxactive=4097
}

maxactive_no_number_is_refused() { refuses 'Invalid parameters' maxactive load_with maxactive=many; }

maxactive_negative_is_refused() { refuses 'Invalid parameters' maxactive load_with maxactive=-1; }

maxactive_limits_are_taken() {
	load_with maxactive=1
	rmmod tsoffset
	load_with maxactive=4096
}

# As modprobe passes them: those of modprobe.d first. It takes "File exists" for success.
the_last_of_several_counts() {
	load_with maxactive=many maxactive=1 && return 1
	load_with maxactive=1 records=2 maxactive=4 records=8
	# Each CPU has a ring.
	taskset 1 tsoffset-workload connect --serve --threads 1 --connects 10
	expect connects_recorded=10 records_readable=8
}

parameters_are_documented() {
	modinfo "$TSOFFSET_KO"
	modinfo "$TSOFFSET_KO" | grep -Eq '^parm: +maxactive:.*1 to 4096'
}

run_checks maxactive_zero_is_refused maxactive_too_large_is_refused \
	maxactive_no_number_is_refused maxactive_negative_is_refused maxactive_limits_are_taken \
	the_last_of_several_counts parameters_are_documented
