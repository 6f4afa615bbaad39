// SPDX-License-Identifier: GPL-2.0
/*
 * Bodies for helpers.h. Nothing but the call belongs here.
 */
#include <linux/atomic.h>
#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/ftrace.h>
#include <linux/irq_work.h>
#include <linux/irqflags.h>
#include <linux/kprobes.h>
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/poll.h>
#include <linux/proc_fs.h>
#include <linux/ptrace.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/tracepoint.h>
#include <linux/wait.h>
#include <net/sock.h>

#include "helpers.h"

unsigned long tsoffset_regs_get_kernel_argument(struct pt_regs *regs, unsigned int n)
{
	return regs_get_kernel_argument(regs, n);
}

unsigned long tsoffset_regs_return_value(struct pt_regs *regs)
{
	return regs_return_value(regs);
}

struct kretprobe *tsoffset_get_kretprobe(struct kretprobe_instance *ri)
{
	return get_kretprobe(ri);
}

#ifdef TSOFFSET_FPROBE
struct pt_regs *tsoffset_ftrace_partial_regs(struct ftrace_regs *fregs, struct pt_regs *regs)
{
	return ftrace_partial_regs(fregs, regs);
}

/* Guarded against recursion, and with RCU watching. */
unsigned long tsoffset_ftrace_flags(void)
{
	return FTRACE_OPS_FL_RECURSION | FTRACE_OPS_FL_RCU | FTRACE_OPS_FL_SAVE_ARGS;
}
#endif

void *tsoffset_this_cpu_ptr(void __percpu *p)
{
	return raw_cpu_ptr(p);
}

void *tsoffset_per_cpu_ptr(void __percpu *p, unsigned int cpu)
{
	return per_cpu_ptr(p, cpu);
}

/* The possible CPU after @cpu (-1 to begin), or nr_cpu_ids. */
unsigned int tsoffset_next_possible_cpu(int cpu)
{
	return cpumask_next(cpu, cpu_possible_mask);
}

unsigned int tsoffset_nr_cpu_ids(void)
{
	return nr_cpu_ids;
}

int tsoffset_cpuhp_setup_state_multi(const char *name,
				     int (*startup)(unsigned int cpu, struct hlist_node *node))
{
	return cpuhp_setup_state_multi(CPUHP_BP_PREPARE_DYN, name, startup, NULL);
}

int tsoffset_cpuhp_state_add_instance(int state, struct hlist_node *node)
{
	return cpuhp_state_add_instance(state, node);
}

void tsoffset_cpuhp_state_remove_instance_nocalls(int state, struct hlist_node *node)
{
	cpuhp_state_remove_instance_nocalls(state, node);
}

void tsoffset_cpuhp_remove_multi_state(int state)
{
	cpuhp_remove_multi_state(state);
}

void tsoffset_cond_resched(void)
{
	cond_resched();
}

bool tsoffset_fatal_signal_pending(void)
{
	return fatal_signal_pending(current);
}

u64 tsoffset_smp_load_acquire(const u64 *p)
{
	/* Paired as the caller says. */
	return smp_load_acquire(p);
}

void tsoffset_smp_store_release(u64 *p, u64 value)
{
	/* Paired as the caller says. */
	smp_store_release(p, value);
}

void tsoffset_smp_rmb(void)
{
	/* Paired as the caller says. */
	smp_rmb();
}

void tsoffset_smp_wmb(void)
{
	/* Paired as the caller says. */
	smp_wmb();
}

void tsoffset_rcu_read_lock(void)
{
	rcu_read_lock();
}

void tsoffset_rcu_read_unlock(void)
{
	rcu_read_unlock();
}

s64 tsoffset_atomic64_dec_return(atomic64_t *v)
{
	return atomic64_dec_return(v);
}

u64 tsoffset_cmpxchg(u64 *p, u64 old, u64 value)
{
	return cmpxchg(p, old, value);
}

u64 tsoffset_xchg(u64 *p, u64 value)
{
	return xchg(p, value);
}

s64 tsoffset_atomic64_fetch_or(s64 bits, atomic64_t *v)
{
	return atomic64_fetch_or(bits, v);
}

s64 tsoffset_atomic64_add_return(s64 addend, atomic64_t *v)
{
	return atomic64_add_return(addend, v);
}

s64 tsoffset_atomic64_inc_return(atomic64_t *v)
{
	return atomic64_inc_return(v);
}

void tsoffset_lockdep_assert_preemption_disabled(void)
{
	lockdep_assert_preemption_disabled();
}

unsigned long tsoffset_local_irq_save(void)
{
	unsigned long flags;

	local_irq_save(flags);
	return flags;
}

void tsoffset_local_irq_restore(unsigned long flags)
{
	local_irq_restore(flags);
}

void tsoffset_tracepoint_synchronize_unregister(void)
{
	tracepoint_synchronize_unregister();
}

bool tsoffset_maybe_get_net(struct net *net)
{
	return maybe_get_net(net);
}

void tsoffset_put_net(struct net *net)
{
	put_net(net);
}

/*
 * The protocol's own connect under the socket lock, as inet_stream_connect() calls it but without
 * its checks. The type of the address differs between kernels, its meaning does not.
 */
int tsoffset_sk_connect(struct socket *sock, void *addr, int addr_len)
{
	struct sock *sk = sock->sk;
	int err;

	lock_sock(sk);
	err = sk->sk_prot->connect(sk, addr, addr_len);
	release_sock(sk);

	return err;
}

/* The protocol's own getsockopt, with places for length and value that no user can have: EFAULT. */
int tsoffset_sk_getsockopt_nowhere(struct socket *sock, int level, int optname)
{
	struct sock *sk = sock->sk;
	void __user *nowhere = (void __user *)~0UL;

	return sk->sk_prot->getsockopt(sk, level, optname, nowhere, nowhere);
}

/* The protocol's own setsockopt, with an empty value. */
int tsoffset_sk_setsockopt_nothing(struct socket *sock, int level, int optname)
{
	return sock->sk->sk_prot->setsockopt(sock->sk, level, optname, KERNEL_SOCKPTR(NULL), 0);
}

void tsoffset_init_waitqueue_head(struct wait_queue_head *queue)
{
	init_waitqueue_head(queue);
}

bool tsoffset_wq_has_sleeper(struct wait_queue_head *queue)
{
	return wq_has_sleeper(queue);
}

void tsoffset_init_irq_work(struct irq_work *work, void (*run)(struct irq_work *work))
{
	init_irq_work(work, run);
}

void tsoffset_poll_wait(struct file *file, struct wait_queue_head *queue,
			struct poll_table_struct *table)
{
	poll_wait(file, queue, table);
}

/* Takes a reference to this module. Fails before the load has succeeded, and during the unload. */
bool tsoffset_this_module_get(void)
{
	if (!try_module_get(THIS_MODULE))
		return false;
	if (READ_ONCE(THIS_MODULE->state) == MODULE_STATE_LIVE)
		return true;
	module_put(THIS_MODULE);
	return false;
}

void tsoffset_this_module_put(void)
{
	module_put(THIS_MODULE);
}

void *tsoffset_pde_data(const struct inode *inode)
{
	return pde_data(inode);
}
