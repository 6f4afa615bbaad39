// SPDX-License-Identifier: GPL-2.0
/*
 * A kprobe with a handler that does nothing: the minimal cost of the mechanism.
 */
#include <linux/kprobes.h>
#include <linux/module.h>

static char *symbol;
module_param(symbol, charp, 0444);
MODULE_PARM_DESC(symbol, "function to probe");

static int entered(struct kprobe *kp, struct pt_regs *regs)
{
	return 0;
}

static struct kprobe probe = {
	.pre_handler = entered,
};

static int __init bench_init(void)
{
	if (!symbol)
		return -EINVAL;
	probe.symbol_name = symbol;
	return register_kprobe(&probe);
}

static void __exit bench_exit(void)
{
	unregister_kprobe(&probe);
}

module_init(bench_init);
module_exit(bench_exit);
MODULE_DESCRIPTION("An empty kprobe");
MODULE_LICENSE("GPL");
