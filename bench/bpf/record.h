/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The maps of record.bpf.c, as record.bpf.c writes them and loader.c reads them.
 */
#ifndef BENCH_RECORD_H
#define BENCH_RECORD_H

/* Records of each CPU: a power of two, as many as the module keeps by default. */
#define RECORDS 256

/* Buckets of the histogram: those of the module (src/model/counts/histogram.rs). */
#define BUCKETS 25

/* The verdicts, by their numbers in the module (src/model/verdict.rs). */
enum verdict {
	VERDICT_MATCH,
	VERDICT_ZERO,
	VERDICT_CHANGED,
	VERDICT_MISMATCH,
	VERDICT_REPAIR,
	VERDICT_FAILED,
	VERDICT_UNJUDGED,
	VERDICTS
};

/* The flags of a record (src/model/records/record.rs). */
enum flags {
	FLAG_REPAIR = 1,
	FLAG_FAST_OPEN = 2,
	FLAG_MPTCP = 4,
	FLAG_V4_MAPPED = 8,
};

/*
 * One slot of the ring: the module's words, in its order. The sequence is odd during a write, and
 * names the position after it.
 */
struct record {
	__u64 sequence;
	__u64 time;
	__u64 duration;
	__u32 tgid;
	__u32 pid;
	__u32 netns;
	__u32 uid;
	__u64 comm[2];
	__u64 cookie;
	__u64 source[2];
	__u64 destination[2];
	__u32 destination_port;
	__u32 source_port;
	__u32 expected;
	__u32 offset;
	__u32 parent_low;
	__s32 error;
	__u8 verdict;
	__u8 flags;
	__u16 overlaps;
	__u32 parent_high;
};

/* What one CPU counts. */
struct counts {
	__u64 entered;
	__u64 returned;
	/* Records ever written: the position of the next one. */
	__u64 head;
	__u64 verdicts[VERDICTS];
	__u64 v4_mapped;
	__u64 durations[BUCKETS];
	/* The last offset and its expected offset, and the verdict. */
	__u32 last_expected;
	__u32 last_offset;
	__u64 last_verdict;
	/* Calls without room for their start, and returns of calls without a start. */
	__u64 no_room;
	__u64 no_start;
};

/* A call from its entry to its return. */
struct call {
	__u64 start;
	__u8 timestamps;
};

#endif
