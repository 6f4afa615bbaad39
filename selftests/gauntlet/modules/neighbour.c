// SPDX-License-Identifier: GPL-2.0
/*
 * Another user of tcp_v6_connect(), or of a name in /proc that tsoffset registers.
 *
 * kretprobe	a kretprobe on the function
 * hash		random numbers instead of the hash of connections, as in hardening modules
 * ipmodify	an ftrace user that may redirect the function, like livepatch
 * proc		/proc/tsoffset
 * procnet	/proc/net/tsoffset
 */
#include <linux/ftrace.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/random.h>
#include <net/net_namespace.h>

static char *what = "";
module_param(what, charp, 0444);
MODULE_PARM_DESC(what, "kretprobe, hash, ipmodify, proc or procnet");

/* The number of calls seen. CPUs count concurrently. */
static atomic_t calls;

static int calls_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%d\n", atomic_read(&calls));
}

static const struct kernel_param_ops calls_ops = { .get = calls_get };
module_param_cb(calls, &calls_ops, NULL, 0444);
MODULE_PARM_DESC(calls, "number of calls of the function");

static int returned(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	atomic_inc(&calls);
	return 0;
}

static struct kretprobe probe = {
	.kp.symbol_name = "tcp_v6_connect",
	.handler = returned,
	.maxactive = 4096,
};

static void traced(unsigned long ip, unsigned long parent, struct ftrace_ops *ops,
		   struct ftrace_regs *regs)
{
	atomic_inc(&calls);
}

static struct ftrace_ops ops = {
	.func = traced,
	.flags = FTRACE_OPS_FL_SAVE_REGS | FTRACE_OPS_FL_IPMODIFY,
};

static u64 random_offset(void)
{
	atomic_inc(&calls);
	return get_random_u64();
}

static void redirected(unsigned long ip, unsigned long parent, struct ftrace_ops *ops,
		       struct ftrace_regs *regs)
{
	ftrace_regs_set_instruction_pointer(regs, (unsigned long)random_offset);
}

/* The hash's users also call it in their own handlers. */
static struct ftrace_ops hash_ops = {
	.func = redirected,
	.flags = FTRACE_OPS_FL_SAVE_REGS | FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_RECURSION,
};

static struct proc_dir_entry *entry;

static int trace_begin(struct ftrace_ops *ops, const char *name)
{
	char function[64];
	int err;

	strscpy(function, name);
	err = ftrace_set_filter(ops, function, strlen(function), 1);
	if (err)
		return err;
	err = register_ftrace_function(ops);
	if (err)
		ftrace_free_filter(ops);
	return err;
}

static int __init neighbour_init(void)
{
	if (!strcmp(what, "kretprobe"))
		return register_kretprobe(&probe);
	if (!strcmp(what, "ipmodify"))
		return trace_begin(&ops, "tcp_v6_connect");
	if (!strcmp(what, "hash"))
		return trace_begin(&hash_ops, "secure_tcpv6_seq_and_ts_off");
	if (!strcmp(what, "proc"))
		entry = proc_mkdir("tsoffset", NULL);
	else if (!strcmp(what, "procnet"))
		entry = proc_mkdir("tsoffset", init_net.proc_net);
	else
		return -EINVAL;
	return entry ? 0 : -ENOMEM;
}

static void __exit neighbour_exit(void)
{
	if (entry) {
		proc_remove(entry);
	} else if (!strcmp(what, "ipmodify")) {
		unregister_ftrace_function(&ops);
		ftrace_free_filter(&ops);
	} else if (!strcmp(what, "hash")) {
		unregister_ftrace_function(&hash_ops);
		ftrace_free_filter(&hash_ops);
	} else {
		unregister_kretprobe(&probe);
	}
}

module_init(neighbour_init);
module_exit(neighbour_exit);
MODULE_DESCRIPTION("Another user of tcp_v6_connect()");
MODULE_LICENSE("GPL");
