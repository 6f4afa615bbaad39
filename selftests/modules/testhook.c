// SPDX-License-Identifier: GPL-2.0
/*
 * Holds connects and writes other offsets, where a socket asks for it: for the selftests of what
 * finds that out.
 *
 * hold: a connect whose socket has the priority 0x7e57 spins before the kernel stores the offset,
 * until somebody sets another priority, which setsockopt(SO_PRIORITY) does without the socket lock.
 * rewrite: a socket with the priority 0x7e58 gets another offset when it is closed.
 * choose: a socket whose listener has the mark 0x7e59 gets another offset before it is established,
 * as bpf_sk_assign_tcp_reqsk() has it.
 */
#define pr_fmt(fmt) "testhook: " fmt

#include <linux/kprobes.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/tcp.h>
#include <net/sock.h>

#define PRIORITY_HELD		0x7e57
#define PRIORITY_REWRITTEN	0x7e58
#define MARK_CHOSEN		0x7e59

/* Well below what the kernel's watchdogs allow. */
#define HELD_AT_MOST		(5 * NSEC_PER_SEC)

/*
 * int inet6_hash_connect(struct inet_timewait_death_row *death_row, struct sock *sk), which
 * tcp_v6_connect() calls.
 */
static int hold(struct kprobe *probe, struct pt_regs *regs)
{
	const struct sock *sk = (void *)regs_get_kernel_argument(regs, 1);
	u64 begin = ktime_get_boot_fast_ns();

	while (READ_ONCE(sk->sk_priority) == PRIORITY_HELD) {
		if (ktime_get_boot_fast_ns() - begin > HELD_AT_MOST) {
			pr_err("a connect was held for too long\n");
			break;
		}
		cpu_relax();
	}
	return 0;
}

/* void tcp_close(struct sock *sk, long timeout) */
static int rewrite(struct kprobe *probe, struct pt_regs *regs)
{
	struct sock *sk = (void *)regs_get_kernel_argument(regs, 0);
	struct tcp_sock *tp = tcp_sk(sk);

	/* Never the same, and never 0 where it was not. */
	if (READ_ONCE(sk->sk_priority) == PRIORITY_REWRITTEN)
		WRITE_ONCE(tp->tsoffset, READ_ONCE(tp->tsoffset) ^ 0x80000001);
	return 0;
}

/*
 * void tcp_ca_openreq_child(struct sock *sk, const struct dst_entry *dst): of each accepted socket,
 * in a softirq.
 */
static int choose(struct kprobe *probe, struct pt_regs *regs)
{
	struct sock *sk = (void *)regs_get_kernel_argument(regs, 0);
	struct tcp_sock *tp = tcp_sk(sk);

	/* Never the same, nor what rewrite() makes of it. */
	if (READ_ONCE(sk->sk_mark) == MARK_CHOSEN)
		WRITE_ONCE(tp->tsoffset, ~READ_ONCE(tp->tsoffset));
	return 0;
}

static struct kprobe hold_probe = { .symbol_name = "inet6_hash_connect", .pre_handler = hold };
static struct kprobe rewrite_probe = { .symbol_name = "tcp_close", .pre_handler = rewrite };
static struct kprobe choose_probe = {
	.symbol_name = "tcp_ca_openreq_child",
	.pre_handler = choose,
};

static struct kprobe *probes[] = { &hold_probe, &rewrite_probe, &choose_probe };

static int __init testhook_init(void)
{
	return register_kprobes(probes, ARRAY_SIZE(probes));
}

static void __exit testhook_exit(void)
{
	unregister_kprobes(probes, ARRAY_SIZE(probes));
}

module_init(testhook_init);
module_exit(testhook_exit);
MODULE_DESCRIPTION("Holds connects and writes other timestamp offsets for the selftests of tsoffset");
MODULE_LICENSE("GPL");
