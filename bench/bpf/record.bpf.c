// SPDX-License-Identifier: GPL-2.0
/*
 * The module's work on a connect, written for BPF: counters, a histogram of durations, and a record
 * of each connect. With HASH, also the comparison with the kernel's SipHash. docs/cost.md lists the
 * differences.
 *
 * The kernel does not run the program on a CPU on which another task runs it already. The kernel
 * counts such a call as a miss. So no two tasks write the memory of one CPU at a time.
 *
 * A load from the socket costs eight instructions, because the JIT compiler adds a check of the
 * address. A load from the task or from the program's own memory costs one. So the program loads
 * from the socket as little as it can, and reads its own record instead.
 */
#define BPF_NO_KFUNC_PROTOTYPES
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "record.h"
#include "session.h"
#ifdef HASH
#include "siphash.h"
#endif

/* include/linux/socket.h and include/net/ipv6.h: the type information has no macros. */
#define AF_INET6 10
#define SIN6_LEN_RFC2133 24

#define unlikely(condition) __builtin_expect(!!(condition), 0)

#define common(tp) ((tp)->inet_conn.icsk_inet.sk.__sk_common)

struct memory memory;

/* The arguments of the program: those of tcp_v6_connect(), and its return value. */
enum argument {
	ARG_SOCKET,
	ARG_ADDRESS,
	ARG_LENGTH,
	ARG_ERROR,
};

/* The number of bits without leading zeroes. */
static const __u8 bits_of[256] = {
	[1] = 1,
	[2 ... 3] = 2,
	[4 ... 7] = 3,
	[8 ... 15] = 4,
	[16 ... 31] = 5,
	[32 ... 63] = 6,
	[64 ... 127] = 7,
	[128 ... 255] = 8,
};

/* The bucket of a duration. Of durations below 2^18 ns (0.26 ms), it is one load from a table. */
static __always_inline __u32 bucket(__u64 duration)
{
	__u64 rest = duration >> 10;

	if (rest < 1 << 8)
		return bits_of[rest];
	if (rest < 1 << 16)
		return 8 + bits_of[rest >> 8];
	if (rest < 1 << 24)
		return 16 + bits_of[rest >> 16];
	return BUCKETS - 1;
}

static __always_inline bool is_v4_mapped(const __u64 address[2])
{
	return !address[0] && (__u32)address[1] == bpf_htonl(0xffff);
}

/* Replaces the destination in the record by that of the call, if the call has one. */
static __always_inline void asked(struct record *record, const __u64 *ctx)
{
	struct sockaddr_in6 address;

	if ((int)ctx[ARG_LENGTH] < SIN6_LEN_RFC2133)
		return;
	if (bpf_probe_read_kernel(&address, SIN6_LEN_RFC2133, (void *)ctx[ARG_ADDRESS]))
		return;
	if (address.sin6_family != AF_INET6)
		return;
	__builtin_memcpy(record->destination, &address.sin6_addr, sizeof(record->destination));
	record->ports = (__u16)record->ports | (__u32)address.sin6_port << 16;
}

/*
 * Writes the ends of a call that failed, or whose destination is v4-mapped. A call that fails has
 * reset the destination in the socket. Returns whether the destination is v4-mapped.
 */
static __noinline bool rare_ends(struct record *record, __u64 *ctx)
{
	struct inet_sock *inet = bpf_core_cast((void *)ctx[ARG_SOCKET], struct inet_sock);
	const __u64 *source;

	record->ports = inet->inet_sport | (__u32)inet->sk.__sk_common.skc_dport << 16;
	if ((int)ctx[ARG_ERROR])
		asked(record, ctx);
	if (is_v4_mapped(record->destination)) {
		record->source[0] = 0;
		record->source[1] = bpf_htonl(0xffff) | (__u64)inet->inet_saddr << 32;
		return true;
	}
	source = (const __u64 *)&inet->pinet6->saddr;
	record->source[0] = source[0];
	record->source[1] = source[1];
	return false;
}

/* Returns the cookie of the MPTCP socket to which a subflow belongs. */
static __noinline __u64 parent_of(__u64 *ctx)
{
	struct sock *sk = (struct sock *)ctx[ARG_SOCKET];
	struct socket *socket = sk->sk_socket;
	struct sock *parent;

	if (!socket)
		return 0;
	parent = socket->sk;
	if (!parent || parent == sk)
		return 0;
	return bpf_get_socket_cookie(parent);
}

#ifdef HASH
static __always_inline __u32 expected_of(const struct record *record)
{
	struct sip state = sip_begin(memory.begin);

	sip_word(&state, record->source[0]);
	sip_word(&state, record->source[1]);
	sip_word(&state, record->destination[0]);
	sip_word(&state, record->destination[1]);
	return sip_offset(&state, record->ports, 36);
}

static __noinline __u32 expected_v4_of(const struct record *record)
{
	struct sip state = sip_begin(memory.begin);
	__u32 ports = record->ports;

	sip_word(&state, record->source[1] >> 32 | record->destination[1] >> 32 << 32);
	return sip_offset(&state, ports << 16 | ports >> 16, 12);
}
#endif

static __always_inline struct cpu_memory *this_cpu(void)
{
	__u32 number = bpf_get_smp_processor_id();

	return number < CPUS ? &memory.cpus[number] : NULL;
}

/* Writes the calling task, as the module does. */
static __always_inline void write_caller(struct record *record, int error)
{
	struct task_struct *task = bpf_get_current_task_btf();

	record->pid = task->pid;
	record->tgid = task->tgid;
	record->uid = task->cred->uid.val;
	record->comm[0] = *(__u64 *)&task->comm[0];
	record->comm[1] = *(__u64 *)&task->comm[8];
	record->cgroup = task->cgroups->dfl_cgrp->kn->id << 16 | (__u16)error;
}

/* Writes addresses and ports. Returns whether the destination is v4-mapped. */
static __always_inline bool write_ends(struct record *record, __u64 *ctx, struct tcp_sock *tp,
				       int error)
{
	/* The destination's port in network byte order, and the source's in host byte order. */
	__u32 pair = common(tp).skc_portpair;

#ifdef DEFECT
	/* For the test of the loader's check. */
	record->ports = pair;
#else
	record->ports = bpf_htons(pair >> 16) | pair << 16;
#endif
	/* The source is equal to that of struct ipv6_pinfo, if the call succeeds. */
	record->source[0] = *(__u64 *)&common(tp).skc_v6_rcv_saddr.in6_u.u6_addr8[0];
	record->source[1] = *(__u64 *)&common(tp).skc_v6_rcv_saddr.in6_u.u6_addr8[8];
	record->destination[0] = *(__u64 *)&common(tp).skc_v6_daddr.in6_u.u6_addr8[0];
	record->destination[1] = *(__u64 *)&common(tp).skc_v6_daddr.in6_u.u6_addr8[8];
	if (unlikely(error || is_v4_mapped(record->destination)))
		return rare_ends(record, ctx);
	return false;
}

/* Writes the properties of the socket, and returns them. */
static __always_inline __u8 write_flags(struct record *record, __u64 *ctx, struct tcp_sock *tp,
					bool v4_mapped)
{
	__u64 parent = 0;
	__u8 flags = 0;

	if (tp->repair)
		flags |= FLAG_REPAIR;
	if (tp->fastopen_req ||
	    tp->inet_conn.icsk_inet.inet_flags & 1UL << INET_FLAGS_DEFER_CONNECT)
		flags |= FLAG_FAST_OPEN;
	if (unlikely(tp->is_mptcp)) {
		flags |= FLAG_MPTCP;
		parent = parent_of(ctx) << 16;
	}
	if (unlikely(v4_mapped))
		flags |= FLAG_V4_MAPPED;
	record->flags = flags;
	record->parent = parent;
	return flags;
}

#ifdef HASH
static __always_inline __u8 timestamps_at_entry(__u64 *ctx)
{
	struct sock *sk = (struct sock *)ctx[ARG_SOCKET];

	return sk->__sk_common.skc_net.net->ipv4.sysctl_tcp_timestamps;
}

/* Writes and compares the expected offset. The hash runs only if the sysctl asks for an offset. */
static __always_inline enum verdict compare(struct record *record, struct net *net, __u8 before,
					    __u32 offset, __u8 flags, int error)
{
	__u8 timestamps = net->ipv4.sysctl_tcp_timestamps;
	bool v4_mapped = flags & FLAG_V4_MAPPED;
	__u32 expected = 0;

	if (timestamps == 1)
		expected = unlikely(v4_mapped) ? expected_v4_of(record) : expected_of(record);
	record->expected = expected;
	if (unlikely(error))
		return VERDICT_FAILED;
	if (unlikely(flags & FLAG_REPAIR))
		return VERDICT_REPAIR;
	if (unlikely(before != timestamps))
		return VERDICT_CHANGED;
	if (offset == expected)
		return timestamps == 1 ? VERDICT_MATCH : VERDICT_ZERO;
	if (v4_mapped && net->ipv4.sysctl_ip_dynaddr)
		return VERDICT_CHANGED;
	return VERDICT_MISMATCH;
}
#else
static __always_inline __u8 timestamps_at_entry(__u64 *ctx)
{
	return 0;
}

static __always_inline enum verdict compare(struct record *record, struct net *net, __u8 before,
					    __u32 offset, __u8 flags, int error)
{
	if (unlikely(error))
		return VERDICT_FAILED;
	if (unlikely(flags & FLAG_REPAIR))
		return VERDICT_REPAIR;
	return VERDICT_UNJUDGED;
}
#endif

/* The session cookie is the time of the entry, shifted by eight bits, and the sysctl. */
static __always_inline void enter(__u64 *ctx, __u64 *kept)
{
	struct cpu_memory *mine = this_cpu();

	if (!mine)
		return;
	mine->entered++;
	*kept = bpf_ktime_get_boot_ns() << 8 | timestamps_at_entry(ctx);
}

static __always_inline void leave(__u64 *ctx, __u64 kept)
{
	struct cpu_memory *mine = this_cpu();
	__u64 head, now, duration = 0;
	struct record *record;
	enum verdict verdict;
	struct tcp_sock *tp;
	struct net *net;
	bool v4_mapped;
	__s64 elapsed;
	__u32 offset;
	__u8 flags;
	int error;

	if (!mine)
		return;
	if (unlikely(!kept)) {
		mine->no_start++;
		return;
	}
	head = mine->head;
	record = &mine->records[head & (RECORDS - 1)];
	record->sequence = head * 2 + 1;
	barrier();

	/* The calls come first: a value loaded before a call goes to the stack. */
	now = bpf_ktime_get_boot_ns();
	/* The clock of another CPU can be behind. */
	elapsed = (now << 8) - (kept & ~0xffULL);
	if (elapsed > 0)
		duration = elapsed >> 8;
	record->time = now;
	record->duration = duration;
	mine->durations[bucket(duration) & 31]++;
	record->cookie = bpf_get_socket_cookie((void *)ctx[ARG_SOCKET]);

	error = ctx[ARG_ERROR];
	write_caller(record, error);
	tp = bpf_core_cast((void *)ctx[ARG_SOCKET], struct tcp_sock);
	net = common(tp).skc_net.net;
	record->netns = net->ns.inum;
	offset = tp->tsoffset;
	record->offset = offset;
	v4_mapped = write_ends(record, ctx, tp, error);
	flags = write_flags(record, ctx, tp, v4_mapped);
	verdict = compare(record, net, kept, offset, flags, error);
	record->verdict = verdict;
	barrier();
	record->sequence = head * 2 + 2;
	mine->head = head + 1;

	mine->verdicts[verdict & 7]++;
	if (unlikely(v4_mapped && !error))
		mine->v4_mapped++;
}

SEC("fentry/tcp_v6_connect")
int session(__u64 *ctx)
{
	__u64 *kept = bpf_session_cookie(ctx);

	if (bpf_session_is_return(ctx))
		leave(ctx, *kept);
	else
		enter(ctx, kept);
	return 0;
}

/* The loader runs it once, before it attaches the other. */
SEC("syscall")
int prepare(void *ctx)
{
	memory.cgroup = bpf_get_current_cgroup_id();
#ifdef HASH
	sip_prepare(memory.begin);
#endif
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
