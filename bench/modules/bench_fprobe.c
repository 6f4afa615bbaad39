// SPDX-License-Identifier: GPL-2.0
/*
 * An fprobe with handlers that do nothing: the minimal cost of the mechanism.
 */
#include <linux/fprobe.h>
#include <linux/module.h>

static char *symbol;
module_param(symbol, charp, 0444);
MODULE_PARM_DESC(symbol, "function to probe");

static int entered(struct fprobe *fp, unsigned long entry_ip, unsigned long ret_ip,
		   struct ftrace_regs *fregs, void *entry_data)
{
	return 0;
}

static void returned(struct fprobe *fp, unsigned long entry_ip, unsigned long ret_ip,
		     struct ftrace_regs *fregs, void *entry_data)
{
}

static struct fprobe probe = {
	.entry_handler = entered,
	.exit_handler = returned,
	.entry_data_size = 40,
};

static int __init bench_init(void)
{
	const char *symbols[1] = { symbol };

	if (!symbol)
		return -EINVAL;
	return register_fprobe_syms(&probe, symbols, 1);
}

static void __exit bench_exit(void)
{
	unregister_fprobe(&probe);
}

module_init(bench_init);
module_exit(bench_exit);
MODULE_DESCRIPTION("An empty fprobe");
MODULE_LICENSE("GPL");
