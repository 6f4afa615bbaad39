// SPDX-License-Identifier: GPL-2.0
/*
 * The module's work on a connect, written for BPF: counters, a histogram of durations, and a record
 * of each connect. With HASH, also the comparison with the kernel's SipHash.
 *
 * The kernel does not run a program on a CPU on which another task runs it already. It counts such
 * a call as a miss. So no two tasks write the maps of one CPU at a time.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "record.h"
#ifdef HASH
#include "siphash.h"
#endif

/* include/linux/socket.h and include/net/ipv6.h: the type information has no macros. */
#define AF_INET6 10
#define SIN6_LEN_RFC2133 24

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct counts);
} counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, RECORDS);
	__type(key, __u32);
	__type(value, struct record);
} records SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct call);
} calls SEC(".maps");

/* The ends of a connection, in network byte order. */
struct tuple {
	__u64 source[2];
	__u64 destination[2];
	__u16 source_port;
	__u16 destination_port;
	bool v4_mapped;
};

static __always_inline void read_address(__u64 to[2], const struct in6_addr *from)
{
	const __u64 *words = (const __u64 *)from;

	to[0] = words[0];
	to[1] = words[1];
}

/*
 * A call that fails has reset the destination in the socket: the call's argument has the
 * destination. Not inlined, as it is rare.
 */
static __noinline void asked(struct tuple *tuple, const void *uaddr, int length)
{
	struct sockaddr_in6 address;

	if (!tuple || length < SIN6_LEN_RFC2133)
		return;
	if (bpf_probe_read_kernel(&address, SIN6_LEN_RFC2133, uaddr))
		return;
	if (address.sin6_family != AF_INET6)
		return;
	__builtin_memcpy(tuple->destination, &address.sin6_addr, sizeof(tuple->destination));
	tuple->destination_port = address.sin6_port;
}

static __always_inline struct tuple tuple_of(struct sock *sk, const void *uaddr, int length,
					     int error)
{
	struct inet_sock *inet = bpf_core_cast(sk, struct inet_sock);
	struct tuple tuple;

	tuple.source_port = inet->inet_sport;
	tuple.destination_port = sk->__sk_common.skc_dport;
	read_address(tuple.destination, &sk->__sk_common.skc_v6_daddr);
	if (error)
		asked(&tuple, uaddr, length);
	tuple.v4_mapped = !tuple.destination[0] &&
			  (__u32)tuple.destination[1] == bpf_htonl(0xffff);
	if (tuple.v4_mapped) {
		tuple.source[0] = 0;
		tuple.source[1] = bpf_htonl(0xffff) | (__u64)inet->inet_saddr << 32;
	} else {
		read_address(tuple.source, &inet->pinet6->saddr);
	}
	return tuple;
}

/* The cookie of the MPTCP socket to which a subflow belongs. */
static __noinline __u64 parent_of(struct sock *sk)
{
	struct sock *parent;

	if (!sk)
		return 0;
	parent = BPF_CORE_READ(sk, sk_socket, sk);
	if (!parent || parent == sk)
		return 0;
	return BPF_CORE_READ(parent, __sk_common.skc_cookie.counter);
}

static __always_inline __u32 bucket(__u64 duration)
{
	__u64 rest = duration >> 9 | 1;
	__u32 log, more;

	log = (rest > 0xffffffff) << 5;
	rest >>= log;
	more = (rest > 0xffff) << 4;
	rest >>= more;
	log |= more;
	more = (rest > 0xff) << 3;
	rest >>= more;
	log |= more;
	more = (rest > 0xf) << 2;
	rest >>= more;
	log |= more;
	more = (rest > 0x3) << 1;
	rest >>= more;
	log |= more | rest >> 1;
	return log < BUCKETS ? log : BUCKETS - 1;
}

#ifdef HASH
static __always_inline __u32 expected_of(const struct tuple *tuple)
{
	if (tuple->v4_mapped)
		return offset_v4(tuple->source[1] >> 32, tuple->destination[1] >> 32,
				 tuple->source_port, tuple->destination_port);
	return offset_v6(tuple->source, tuple->destination, tuple->source_port,
			 tuple->destination_port);
}
#endif

static __always_inline enum verdict judge(int error, bool repair, __u32 offset, __u32 expected,
					  __u8 before, __u8 after)
{
	if (error)
		return VERDICT_FAILED;
	if (repair)
		return VERDICT_REPAIR;
#ifdef HASH
	if (before != after)
		return VERDICT_CHANGED;
	if (offset != expected)
		return VERDICT_MISMATCH;
	return after == 1 ? VERDICT_MATCH : VERDICT_ZERO;
#else
	return VERDICT_UNJUDGED;
#endif
}

SEC("fentry/tcp_v6_connect")
int BPF_PROG(entered, struct sock *sk)
{
	struct counts *mine;
	struct call *call;
	__u32 first = 0;

	mine = bpf_map_lookup_elem(&counts, &first);
	if (!mine)
		return 0;
	mine->entered++;
	call = bpf_task_storage_get(&calls, bpf_get_current_task_btf(), NULL,
				    BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!call) {
		mine->no_room++;
		return 0;
	}
	call->timestamps = sk->__sk_common.skc_net.net->ipv4.sysctl_tcp_timestamps;
	call->start = bpf_ktime_get_boot_ns();
	return 0;
}

SEC("fexit/tcp_v6_connect")
int BPF_PROG(returned, struct sock *sk, void *uaddr, int length, int error)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct tcp_sock *tp = bpf_core_cast(sk, struct tcp_sock);
	struct net *net = sk->__sk_common.skc_net.net;
	__u32 expected = 0, offset, first = 0, index;
	struct record *record;
	struct counts *mine;
	enum verdict verdict;
	struct tuple tuple;
	struct call *call;
	__u64 time, duration;
	__u8 timestamps, flags = 0;
	bool repair;

	mine = bpf_map_lookup_elem(&counts, &first);
	if (!mine)
		return 0;
	call = bpf_task_storage_get(&calls, task, NULL, 0);
	if (!call || !call->start) {
		mine->no_start++;
		return 0;
	}
	tuple = tuple_of(sk, uaddr, length, error);
	offset = tp->tsoffset;
	repair = BPF_CORE_READ_BITFIELD(tp, repair);
	timestamps = net->ipv4.sysctl_tcp_timestamps;
#ifdef HASH
	if (timestamps == 1)
		expected = expected_of(&tuple);
#endif
	verdict = judge(error, repair, offset, expected, call->timestamps, timestamps);
	time = bpf_ktime_get_boot_ns();
	duration = time > call->start ? time - call->start : 0;
	call->start = 0;

	if (repair)
		flags |= FLAG_REPAIR;
	if (tp->fastopen_req ||
	    bpf_core_cast(sk, struct inet_sock)->inet_flags & 1UL << INET_FLAGS_DEFER_CONNECT)
		flags |= FLAG_FAST_OPEN;
	if (tuple.v4_mapped)
		flags |= FLAG_V4_MAPPED;

	index = mine->head & (RECORDS - 1);
	record = bpf_map_lookup_elem(&records, &index);
	if (!record)
		return 0;
	record->sequence = mine->head * 2 + 1;
	barrier();
	record->time = time;
	record->duration = duration;
	record->pid = task->pid;
	record->tgid = task->tgid;
	record->uid = task->cred->uid.val;
	record->netns = net->ns.inum;
	record->comm[0] = *(__u64 *)&task->comm[0];
	record->comm[1] = *(__u64 *)&task->comm[8];
	record->cookie = bpf_get_socket_cookie(sk);
	record->source[0] = tuple.source[0];
	record->source[1] = tuple.source[1];
	record->destination[0] = tuple.destination[0];
	record->destination[1] = tuple.destination[1];
	record->source_port = bpf_ntohs(tuple.source_port);
#ifdef DEFECT
	/* For the test of the loader's check. */
	record->destination_port = tuple.destination_port;
#else
	record->destination_port = bpf_ntohs(tuple.destination_port);
#endif
	record->offset = offset;
	record->expected = expected;
	record->error = error;
	if (tp->is_mptcp) {
		__u64 parent = parent_of(sk);

		flags |= FLAG_MPTCP;
		record->parent_low = parent;
		record->parent_high = parent >> 32;
	} else {
		record->parent_low = 0;
		record->parent_high = 0;
	}
	record->verdict = verdict;
	record->flags = flags;
	record->overlaps = 0;
	barrier();
	record->sequence = mine->head * 2 + 2;
	mine->head++;

	mine->verdicts[verdict]++;
	if (tuple.v4_mapped)
		mine->v4_mapped++;
	mine->durations[bucket(duration)]++;
	mine->returned++;
	if (!error) {
		mine->last_offset = offset;
		mine->last_expected = expected;
		mine->last_verdict = verdict;
	}
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
