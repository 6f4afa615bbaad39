// SPDX-License-Identifier: GPL-2.0
/*
 * The code of the tracepoint, and the bodies of its functions in helpers.h.
 */
#define CREATE_TRACE_POINTS
#include "trace.h"

bool tsoffset_trace_connect_enabled(void)
{
	return trace_connect_enabled();
}

void tsoffset_trace_connect(const struct tsoffset_connect *c)
{
	trace_connect(c);
}
