#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Module parameters, good and bad.
# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

NOLOAD=1

maxactive_zero_is_refused() { refuses 'Invalid argument' 'maxactive=0 is not within' load maxactive=0; }

maxactive_too_large_is_refused() {
	refuses 'Invalid argument' 'maxactive=4097 is not within' load maxactive=4097
}

maxactive_no_number_is_refused() { refuses 'Invalid argument' maxactive load maxactive=many; }

maxactive_negative_is_refused() { refuses 'Invalid argument' maxactive load maxactive=-1; }

maxactive_limits_are_taken() {
	load maxactive=1
	rmmod tsoffset
	load maxactive=4096
}

parameters_are_documented() {
	strings=$(tr '\0' '\n' < "$TSOFFSET_KO" | grep '^parm=')
	echo "$strings"
	echo "$strings" | grep -q '^parm=maxactive:'
}

run_checks maxactive_zero_is_refused maxactive_too_large_is_refused \
	maxactive_no_number_is_refused maxactive_negative_is_refused maxactive_limits_are_taken \
	parameters_are_documented
