/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kernel interfaces that exist only as inline functions or macros, given a symbol so that Rust can
 * call them, by its name with a prefix. helpers.c describes those that differ from that interface.
 */
#ifndef TSOFFSET_HELPERS_H
#define TSOFFSET_HELPERS_H

#include <linux/types.h>

struct file;
struct ftrace_regs;
struct irq_work;
struct kretprobe;
struct kretprobe_instance;
struct net;
struct poll_table_struct;
struct proto;
struct pt_regs;
struct seq_file;
struct socket;
struct wait_queue_head;

/* Probes: arguments and results through the kernel's accessors, on every architecture. */
unsigned long tsoffset_regs_get_kernel_argument(struct pt_regs *regs, unsigned int n);
unsigned long tsoffset_regs_return_value(struct pt_regs *regs);
struct kretprobe *tsoffset_get_kretprobe(struct kretprobe_instance *ri);
#ifdef TSOFFSET_FPROBE
struct pt_regs *tsoffset_ftrace_partial_regs(struct ftrace_regs *fregs, struct pt_regs *regs);
unsigned long tsoffset_ftrace_flags(void);
#endif

/* Per-CPU memory. */
void *tsoffset_this_cpu_ptr(void __percpu *p);
void *tsoffset_per_cpu_ptr(void __percpu *p, unsigned int cpu);
unsigned int tsoffset_next_possible_cpu(int cpu);
unsigned int tsoffset_nr_cpu_ids(void);

/* CPUs that come online: a dynamic state, whose callback runs before they do. */
int tsoffset_cpuhp_setup_state_multi(const char *name,
				     int (*startup)(unsigned int cpu, struct hlist_node *node));
int tsoffset_cpuhp_state_add_instance(int state, struct hlist_node *node);
void tsoffset_cpuhp_state_remove_instance_nocalls(int state, struct hlist_node *node);
void tsoffset_cpuhp_remove_multi_state(int state);

/* Long work in process context. */
void tsoffset_cond_resched(void);
bool tsoffset_fatal_signal_pending(void);

/* Marked and atomic accesses that need more than a volatile load or store. */
u64 tsoffset_smp_load_acquire(const u64 *p);
void tsoffset_smp_store_release(u64 *p, u64 value);
void tsoffset_smp_rmb(void);
void tsoffset_smp_wmb(void);
u64 tsoffset_cmpxchg(u64 *p, u64 old, u64 value);
u64 tsoffset_xchg(u64 *p, u64 value);
s64 tsoffset_atomic64_fetch_or(s64 bits, atomic64_t *v);
s64 tsoffset_atomic64_add_return(s64 addend, atomic64_t *v);
s64 tsoffset_atomic64_inc_return(atomic64_t *v);
s64 tsoffset_atomic64_dec_return(atomic64_t *v);

/* Interrupts, where the kernel crate lacks them; tracepoints. */
void tsoffset_lockdep_assert_preemption_disabled(void);
unsigned long tsoffset_local_irq_save(void);
void tsoffset_local_irq_restore(unsigned long flags);
void tsoffset_tracepoint_synchronize_unregister(void);

/* Network namespaces. */
bool tsoffset_maybe_get_net(struct net *net);
void tsoffset_put_net(struct net *net);

/* RCU, where the kernel crate lacks it. */
void tsoffset_rcu_read_lock(void);
void tsoffset_rcu_read_unlock(void);

/* Sockets. */
int tsoffset_sk_connect(struct socket *sock, void *addr, int addr_len);
int tsoffset_sk_getsockopt_nowhere(struct socket *sock, int level, int optname);
int tsoffset_sk_setsockopt_nothing(struct socket *sock, int level, int optname);

/*
 * The arguments of the tracepoint tsoffset:connect (trace.h). They mirror model/records/record.rs:
 * addresses are in network byte order, ports in that of the host.
 */
enum tsoffset_verdict {
	TSOFFSET_MATCH,
	TSOFFSET_ZERO,
	TSOFFSET_CHANGED,
	TSOFFSET_MISMATCH,
	TSOFFSET_REPAIR,
	TSOFFSET_FAILED,
	TSOFFSET_UNJUDGED,
};

enum tsoffset_flags {
	TSOFFSET_FLAG_REPAIR = 1,
	TSOFFSET_FLAG_FASTOPEN = 2,
	TSOFFSET_FLAG_MPTCP = 4,
	TSOFFSET_FLAG_V4MAPPED = 8,
	TSOFFSET_FLAG_V4 = 16,
};

struct tsoffset_connect {
	u64 time;
	u64 seq;
	u32 pid;
	u32 tgid;
	u32 uid;
	u8 comm[16];
	u32 netns;
	u64 cookie;
	u8 source[16];
	u8 destination[16];
	u16 sport;
	u16 dport;
	s32 error;
	u64 duration;
	u32 offset;
	u32 expected;
	u32 verdict;
	u16 overlaps;
	u8 flags;
	u8 recorded;
	u64 parent;
	u64 realtime;
	u64 cgroup;
};

bool tsoffset_trace_connect_enabled(void);
void tsoffset_trace_connect(const struct tsoffset_connect *c);

/* Waiting and waking. */
void tsoffset_init_waitqueue_head(struct wait_queue_head *queue);
bool tsoffset_wq_has_sleeper(struct wait_queue_head *queue);
void tsoffset_init_irq_work(struct irq_work *work, void (*run)(struct irq_work *work));
void tsoffset_poll_wait(struct file *file, struct wait_queue_head *queue,
			struct poll_table_struct *table);

/* This module, kept from being unloaded: not before its load has succeeded. */
bool tsoffset_this_module_get(void);
void tsoffset_this_module_put(void);

/* /proc */
void *tsoffset_pde_data(const struct inode *inode);

#endif
