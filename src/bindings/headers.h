/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The C that bindgen reads for this module: everything the kernel crate does not bind.
 */
#include <linux/delay.h>
#include <linux/fprobe.h>
#include <linux/ftrace.h>
#include <linux/in6.h>
#include <linux/ipv6.h>
#include <linux/irq_work.h>
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/percpu.h>
#include <linux/poll.h>
#include <linux/proc_fs.h>
#include <linux/pvclock_gtod.h>
#include <linux/seq_file.h>
#include <linux/sock_diag.h>
#include <linux/sysctl.h>
#include <linux/tcp.h>
#include <linux/timekeeping.h>
#include <linux/tracepoint.h>
#include <linux/uaccess.h>
#include <linux/wait.h>
#include <net/ipv6.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>
#include <net/secure_seq.h>
#include <net/sock.h>
#include <net/tcp.h>
#include <net/tcp_states.h>

#include "helpers.h"
#include "trace.h"
