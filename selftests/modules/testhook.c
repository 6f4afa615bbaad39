// SPDX-License-Identifier: GPL-2.0
/*
 * Holds connects, or writes other offsets. The selftests load this module beside tsoffset. Each
 * parameter registers one probe. The probe acts only on sockets with its priority or mark.
 *
 * hold		A connect of a socket with the priority 0x7e57 spins before the kernel stores the
 *		offset. The connect continues when another thread sets another priority, by
 *		setsockopt(SO_PRIORITY), which takes no socket lock.
 * rewrite	A socket with the priority 0x7e58 gets another offset when it is closed. One with
 *		the priority 0x7e5a gets back its offset from before "choose".
 * choose	A socket whose listener has the mark 0x7e59 gets another offset before it is
 *		established, like bpf_sk_assign_tcp_reqsk().
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
#define PRIORITY_RESTORED	0x7e5a

/* Less than the kernel's watchdogs allow. */
#define HELD_AT_MOST		(5 * NSEC_PER_SEC)

/*
 * int inet6_hash_connect(struct inet_timewait_death_row *death_row, struct sock *sk):
 * tcp_v6_connect() calls this function before the store.
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

	switch (READ_ONCE(sk->sk_priority)) {
	case PRIORITY_REWRITTEN:
		/* Always another offset. */
		WRITE_ONCE(tp->tsoffset, READ_ONCE(tp->tsoffset) ^ 0x80000001);
		break;
	case PRIORITY_RESTORED:
		WRITE_ONCE(tp->tsoffset, ~READ_ONCE(tp->tsoffset));
		break;
	}
	return 0;
}

/*
 * void tcp_ca_openreq_child(struct sock *sk, const struct dst_entry *dst): the kernel calls this
 * function in a softirq for each accepted socket, after it has copied the request socket's offset.
 */
static int choose(struct kprobe *probe, struct pt_regs *regs)
{
	struct sock *sk = (void *)regs_get_kernel_argument(regs, 0);
	struct tcp_sock *tp = tcp_sk(sk);

	/* Another offset than the first, and than rewrite() makes of the first. */
	if (READ_ONCE(sk->sk_mark) == MARK_CHOSEN)
		WRITE_ONCE(tp->tsoffset, ~READ_ONCE(tp->tsoffset));
	return 0;
}

/* A parameter and its probe. */
struct hook {
	bool wanted;
	struct kprobe probe;
};

static struct hook hooks[] = {
	{ .probe = { .symbol_name = "inet6_hash_connect", .pre_handler = hold } },
	{ .probe = { .symbol_name = "tcp_close", .pre_handler = rewrite } },
	{ .probe = { .symbol_name = "tcp_ca_openreq_child", .pre_handler = choose } },
};

module_param_named(hold, hooks[0].wanted, bool, 0444);
MODULE_PARM_DESC(hold, "Hold connects of sockets with the priority 0x7e57");
module_param_named(rewrite, hooks[1].wanted, bool, 0444);
MODULE_PARM_DESC(rewrite, "Write another offset when a socket with the priority 0x7e58 is closed");
module_param_named(choose, hooks[2].wanted, bool, 0444);
MODULE_PARM_DESC(choose, "Write another offset into accepted sockets with the mark 0x7e59");

static struct kprobe *registered[ARRAY_SIZE(hooks)];
static int number;

static int __init testhook_init(void)
{
	for (int i = 0; i < ARRAY_SIZE(hooks); i++) {
		if (hooks[i].wanted)
			registered[number++] = &hooks[i].probe;
	}
	return number ? register_kprobes(registered, number) : -EINVAL;
}

static void __exit testhook_exit(void)
{
	unregister_kprobes(registered, number);
}

module_init(testhook_init);
module_exit(testhook_exit);
MODULE_DESCRIPTION("Holds connects and writes other timestamp offsets for the selftests of tsoffset");
MODULE_LICENSE("GPL");
