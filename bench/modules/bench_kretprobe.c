// SPDX-License-Identifier: GPL-2.0
/*
 * A kretprobe with handlers that do nothing: the minimal cost of the mechanism.
 */
#include <linux/kprobes.h>
#include <linux/module.h>

static char *symbol;
module_param(symbol, charp, 0444);
MODULE_PARM_DESC(symbol, "function to probe");

static int entered(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	return 0;
}

static int returned(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	return 0;
}

static struct kretprobe probe = {
	.entry_handler = entered,
	.handler = returned,
	.maxactive = 256,
};

static int __init bench_init(void)
{
	if (!symbol)
		return -EINVAL;
	probe.kp.symbol_name = symbol;
	return register_kretprobe(&probe);
}

static void __exit bench_exit(void)
{
	unregister_kretprobe(&probe);
}

module_init(bench_init);
module_exit(bench_exit);
MODULE_DESCRIPTION("An empty kretprobe");
MODULE_LICENSE("GPL");
