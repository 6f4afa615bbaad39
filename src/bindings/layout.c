// SPDX-License-Identifier: GPL-2.0
/*
 * Offsets and sizes of the C compiler. Compiled to assembly only. bindings/mod.rs compares most of
 * them with those of Rust. Of the others, Rust has no type or one of another size: it uses the
 * number.
 */
#include <linux/kbuild.h>
#include <linux/cgroup-defs.h>
#include <linux/cred.h>
#include <linux/fprobe.h>
#include <linux/fs.h>
#include <linux/ipv6.h>
#include <linux/kallsyms.h>
#include <linux/kernfs.h>
#include <linux/kprobes.h>
#include <linux/proc_fs.h>
#include <linux/sched.h>
#include <linux/sysctl.h>
#include <linux/tcp.h>
#include <linux/timekeeper_internal.h>
#include <linux/tracepoint.h>
#include <linux/user_namespace.h>
#include <net/inet_sock.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>
#include <net/sock.h>

/* Fields of namespaces that Rust loads by their offset alone. */
static_assert(__same_type(((struct net *)0)->user_ns, struct user_namespace *));
static_assert(__same_type(((struct net *)0)->ns.inum, unsigned int));
static_assert(__same_type(((struct net *)0)->ipv4.sysctl_tcp_timestamps, u8));
static_assert(__same_type(((struct net *)0)->ipv4.sysctl_ip_dynaddr, u8));
static_assert(__same_type(((struct net *)0)->ipv4.ipv4_hdr, struct ctl_table_header *));
static_assert(__same_type(((struct net *)0)->proc_net, struct proc_dir_entry *));
static_assert(sizeof(((struct net *)0)->gen) == sizeof(struct net_generic *));
static_assert(__same_type(((struct user_namespace *)0)->ns.inum, unsigned int));
static_assert(__same_type(((struct user_namespace *)0)->parent_could_setfcap, bool));

int main(void)
{
	DEFINE(TCP_SOCK_SIZE, sizeof(struct tcp_sock));
	DEFINE(TCP_SOCK_TSOFFSET, offsetof(struct tcp_sock, tsoffset));
	DEFINE(TCP_SOCK_FASTOPEN_REQ, offsetof(struct tcp_sock, fastopen_req));
	DEFINE(TCP_SOCK_SRTT_US, offsetof(struct tcp_sock, srtt_us));
	DEFINE(TCP_SOCK_TOTAL_RTO, offsetof(struct tcp_sock, total_rto));
	DEFINE(TCP_SOCK_TOTAL_RTO_TIME, offsetof(struct tcp_sock, total_rto_time));
#ifdef CONFIG_MPTCP
	DEFINE(TCP_SOCK_IS_MPTCP, offsetof(struct tcp_sock, is_mptcp));
#endif
	DEFINE(INET_SOCK_SIZE, sizeof(struct inet_sock));
	DEFINE(INET_SOCK_SADDR, offsetof(struct inet_sock, inet_saddr));
	DEFINE(INET_SOCK_SPORT, offsetof(struct inet_sock, inet_sport));
	DEFINE(INET_SOCK_DPORT, offsetof(struct inet_sock, inet_dport));
	DEFINE(INET_SOCK_DADDR, offsetof(struct inet_sock, inet_daddr));
	DEFINE(INET_SOCK_PINET6, offsetof(struct inet_sock, pinet6));
	DEFINE(INET_SOCK_FLAGS, offsetof(struct inet_sock, inet_flags));
	DEFINE(SOCK_SIZE, sizeof(struct sock));
	DEFINE(SOCKET_LOCK_SIZE, sizeof(socket_lock_t));
	DEFINE(SOCKET_LOCK_ALIGN, __alignof__(socket_lock_t));
	DEFINE(SOCK_V6_DADDR, offsetof(struct sock, sk_v6_daddr));
	DEFINE(IPV6_PINFO_SADDR, offsetof(struct ipv6_pinfo, saddr));
	DEFINE(NET_USER_NS, offsetof(struct net, user_ns));
	DEFINE(NET_INUM, offsetof(struct net, ns.inum));
	DEFINE(NET_TCP_TIMESTAMPS, offsetof(struct net, ipv4.sysctl_tcp_timestamps));
	DEFINE(NET_IP_DYNADDR, offsetof(struct net, ipv4.sysctl_ip_dynaddr));
	DEFINE(NET_IPV4_HDR, offsetof(struct net, ipv4.ipv4_hdr));
	DEFINE(CTL_TABLE_HEADER_TABLE, offsetof(struct ctl_table_header, ctl_table));
	DEFINE(CTL_TABLE_HEADER_NUMBER, offsetof(struct ctl_table_header, ctl_table_size));
	DEFINE(KPROBE_SIZE, sizeof(struct kprobe));
	DEFINE(KPROBE_PRE_HANDLER, offsetof(struct kprobe, pre_handler));
	DEFINE(KPROBE_FLAGS, offsetof(struct kprobe, flags));
	DEFINE(KPROBE_SYMBOL_NAME, offsetof(struct kprobe, symbol_name));
	DEFINE(KRETPROBE_SIZE, sizeof(struct kretprobe));
	DEFINE(KRETPROBE_KP, offsetof(struct kretprobe, kp));
	DEFINE(KRETPROBE_ENTRY_HANDLER, offsetof(struct kretprobe, entry_handler));
	DEFINE(KRETPROBE_MAXACTIVE, offsetof(struct kretprobe, maxactive));
	DEFINE(KRETPROBE_DATA_SIZE, offsetof(struct kretprobe, data_size));
	DEFINE(KRETPROBE_INSTANCE_DATA, offsetof(struct kretprobe_instance, data));
#ifdef CONFIG_KRETPROBE_ON_RETHOOK
	DEFINE(KRETPROBE_INSTANCE_RETHOOK, offsetof(struct kretprobe_instance, node.rethook));
	DEFINE(RETHOOK_DATA, offsetof(struct rethook, data));
#endif
	DEFINE(KRETPROBE_MAX_DATA, KRETPROBE_MAX_DATA_SIZE);
#ifdef TSOFFSET_FPROBE
	DEFINE(MAX_FPROBE_DATA, MAX_FPROBE_DATA_SIZE);
#endif
	DEFINE(KSYM_SYMBOL_LEN, KSYM_SYMBOL_LEN);
	DEFINE(FMODE_ATOMIC_POS_MASK, (unsigned int)FMODE_ATOMIC_POS);
	DEFINE(PROC_OPS_SIZE, sizeof(const struct proc_ops));
	DEFINE(PROC_OPS_OPEN, offsetof(const struct proc_ops, proc_open));
	DEFINE(PERNET_OPERATIONS_SIZE, sizeof(struct pernet_operations));
	DEFINE(PERNET_OPERATIONS_ID, offsetof(struct pernet_operations, id));
	DEFINE(NET_GEN, offsetof(struct net, gen));
	DEFINE(NET_GENERIC_PTR, offsetof(struct net_generic, ptr));
	DEFINE(NET_PROC_NET, offsetof(struct net, proc_net));
	DEFINE(TRACEPOINT_NAME, offsetof(struct tracepoint, name));
	DEFINE(SOCK_COOKIE, offsetof(struct sock, sk_cookie));
	DEFINE(SOCK_ERR, offsetof(struct sock, sk_err));
	DEFINE(SOCK_SOCKET, offsetof(struct sock, sk_socket));
	DEFINE(SOCKET_INODE_UID, offsetof(struct socket_alloc, vfs_inode.i_uid) -
				 offsetof(struct socket_alloc, socket));
	DEFINE(SOCK_PROTOCOL, offsetof(struct sock, sk_protocol));
	DEFINE(SOCK_PROT_CREATOR, offsetof(struct sock, sk_prot_creator));
#ifdef CONFIG_SOCK_CGROUP_DATA
	DEFINE(SOCK_CGROUP, offsetof(struct sock, sk_cgrp_data.cgroup));
#endif
#ifdef CONFIG_CGROUPS
	DEFINE(TASK_CGROUPS, offsetof(struct task_struct, cgroups));
	DEFINE(CSS_SET_DFL_CGRP, offsetof(struct css_set, dfl_cgrp));
	DEFINE(CGROUP_KN, offsetof(struct cgroup, kn));
	DEFINE(KERNFS_NODE_ID, offsetof(struct kernfs_node, id));
#endif
	DEFINE(TIMEKEEPER_OFFS_REAL, offsetof(struct timekeeper, offs_real));
	DEFINE(TIMEKEEPER_OFFS_BOOT, offsetof(struct timekeeper, offs_boot));
	DEFINE(TASK_CRED, offsetof(struct task_struct, cred));
	DEFINE(TASK_FLAGS, offsetof(struct task_struct, flags));
	DEFINE(TASK_PID, offsetof(struct task_struct, pid));
	DEFINE(TASK_TGID, offsetof(struct task_struct, tgid));
	DEFINE(TASK_COMM, offsetof(struct task_struct, comm));
	DEFINE(CRED_UID, offsetof(struct cred, uid));
	DEFINE(CRED_EUID, offsetof(struct cred, euid));
	DEFINE(CRED_CAP_EFFECTIVE, offsetof(struct cred, cap_effective));
	DEFINE(CRED_USER_NS, offsetof(struct cred, user_ns));
	DEFINE(USER_NAMESPACE_PARENT, offsetof(struct user_namespace, parent));
	DEFINE(USER_NAMESPACE_LEVEL, offsetof(struct user_namespace, level));
	DEFINE(USER_NAMESPACE_OWNER, offsetof(struct user_namespace, owner));
	DEFINE(USER_NAMESPACE_INUM, offsetof(struct user_namespace, ns.inum));
	DEFINE(USER_NAMESPACE_PARENT_COULD_SETFCAP,
	       offsetof(struct user_namespace, parent_could_setfcap));
	DEFINE(CTL_TABLE_PROCNAME, offsetof(const struct ctl_table, procname));
	return 0;
}
