/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The memory of record.bpf.c, as record.bpf.c writes it and loader.c reads it.
 */
#ifndef BENCH_RECORD_H
#define BENCH_RECORD_H

/* Most CPUs that the programs record on. The verifier requires a constant. */
#define CPUS 64

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
	/* In network byte order, the source port in the lower half. */
	__u32 ports;
	__u8 flags;
	__u8 verdict;
	__u16 unused;
	__u32 expected;
	__u32 offset;
	/* The cgroup's ID, and 16 bits of the error. */
	__u64 cgroup;
	/* The cookie of the MPTCP socket, and 16 bits for the witness's count. */
	__u64 parent;
};

/* The memory that one CPU writes. */
struct cpu_memory {
	__u64 entered;
	/* Calls that have returned, each with a record: the position of the next one. */
	__u64 head;
	__u64 v4_mapped;
	/* Returns of calls whose entry no program saw. */
	__u64 no_start;
	__u64 unused[4];
	/* Powers of two, which bound an index by a mask. */
	__u64 verdicts[8];
	__u64 durations[32];
	struct record records[RECORDS];
};

/* All memory: the section .bss of the object. */
struct memory {
	struct cpu_memory cpus[CPUS];
	/* The state of SipHash before the first word, from the kernel's key. */
	__u64 begin[4];
	/* The cgroup of the loader, which is that of the bench. */
	__u64 cgroup;
};

#endif
