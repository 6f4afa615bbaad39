/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tracepoint tsoffset:connect, whose fields are the columns of /proc/tsoffset/connects
 * (docs/interface.md). In C, because TRACE_EVENT() is a C macro.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM tsoffset

#if !defined(TSOFFSET_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define TSOFFSET_TRACE_H

#include <linux/tracepoint.h>

#include "helpers.h"

/* The format file shows numbers, because perf and trace-cmd cannot read names there. */
TRACE_DEFINE_ENUM(TSOFFSET_MATCH);
TRACE_DEFINE_ENUM(TSOFFSET_ZERO);
TRACE_DEFINE_ENUM(TSOFFSET_CHANGED);
TRACE_DEFINE_ENUM(TSOFFSET_MISMATCH);
TRACE_DEFINE_ENUM(TSOFFSET_REPAIR);
TRACE_DEFINE_ENUM(TSOFFSET_FAILED);
TRACE_DEFINE_ENUM(TSOFFSET_UNJUDGED);
TRACE_DEFINE_ENUM(TSOFFSET_FLAG_REPAIR);
TRACE_DEFINE_ENUM(TSOFFSET_FLAG_FASTOPEN);
TRACE_DEFINE_ENUM(TSOFFSET_FLAG_MPTCP);
TRACE_DEFINE_ENUM(TSOFFSET_FLAG_V4MAPPED);
TRACE_DEFINE_ENUM(TSOFFSET_FLAG_V4);

TRACE_EVENT(connect,
	    TP_PROTO(const struct tsoffset_connect *c),
	    TP_ARGS(c),

	    /* The order leaves no gap: a gap would show earlier contents of the buffer. */
	    TP_STRUCT__entry(__field(__u64, time)
			     __field(__u64, seq)
			     __field(__u32, pid)
			     __field(__u32, tgid)
			     __field(__u32, uid)
			     __array(char, comm, 16)
			     __field(__u32, netns)
			     __field(__u64, cookie)
			     __array(__u8, source, 16)
			     __array(__u8, destination, 16)
			     __field(__u16, sport)
			     __field(__u16, dport)
			     __field(__s32, error)
			     __field(__u64, duration)
			     __field(__u32, offset)
			     __field(__u32, expected)
			     __field(__u32, verdict)
			     __field(__u16, overlaps)
			     __field(__u8, flags)
			     __field(__u8, recorded)
			     __field(__u64, parent)
			     __field(__u64, realtime)
			     __field(__u64, cgroup)
	    ),

	    TP_fast_assign(__entry->time = c->time;
			   __entry->seq = c->seq;
			   __entry->pid = c->pid;
			   __entry->tgid = c->tgid;
			   __entry->uid = c->uid;
			   memcpy(__entry->comm, c->comm, 16);
			   __entry->netns = c->netns;
			   __entry->cookie = c->cookie;
			   memcpy(__entry->source, c->source, 16);
			   memcpy(__entry->destination, c->destination, 16);
			   __entry->sport = c->sport;
			   __entry->dport = c->dport;
			   __entry->error = c->error;
			   __entry->duration = c->duration;
			   __entry->offset = c->offset;
			   __entry->expected = c->expected;
			   __entry->verdict = c->verdict;
			   __entry->overlaps = c->overlaps;
			   __entry->flags = c->flags;
			   __entry->recorded = c->recorded;
			   __entry->parent = c->parent;
			   __entry->realtime = c->realtime;
			   __entry->cgroup = c->cgroup;
	    ),

	    /* The name comes last: a task may choose one that looks like a field. */
	    TP_printk("time=%llu seq=%llu recorded=%u pid=%u tgid=%u uid=%u netns=%u cookie=%llu source=%pI6c sport=%u destination=%pI6c dport=%u error=%d offset=0x%08x expected=0x%08x verdict=%s duration=%llu overlaps=%u flags=%s parent=%llu realtime=%llu cgroup=%llu comm=%s",
		      __entry->time, __entry->seq, __entry->recorded,
		      __entry->pid, __entry->tgid, __entry->uid, __entry->netns, __entry->cookie,
		      __entry->source, __entry->sport, __entry->destination, __entry->dport,
		      __entry->error, __entry->offset, __entry->expected,
		      __print_symbolic(__entry->verdict,
				       { TSOFFSET_MATCH, "match" },
				       { TSOFFSET_ZERO, "zero" },
				       { TSOFFSET_CHANGED, "changed" },
				       { TSOFFSET_MISMATCH, "mismatch" },
				       { TSOFFSET_REPAIR, "repair" },
				       { TSOFFSET_FAILED, "failed" },
				       { TSOFFSET_UNJUDGED, "unjudged" }),
		      __entry->duration, __entry->overlaps,
		      __entry->flags ?
		      __print_flags(__entry->flags, ",",
				    { TSOFFSET_FLAG_REPAIR, "repair" },
				    { TSOFFSET_FLAG_FASTOPEN, "fastopen" },
				    { TSOFFSET_FLAG_MPTCP, "mptcp" },
				    { TSOFFSET_FLAG_V4MAPPED, "v4mapped" },
				    { TSOFFSET_FLAG_V4, "v4" }) : "-",
		      __entry->parent, __entry->realtime, __entry->cgroup, __entry->comm)
);

#endif

/* The kernel's headers read this file again, by its name, beside trace.c (CFLAGS in Kbuild). */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
