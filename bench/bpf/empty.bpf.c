// SPDX-License-Identifier: GPL-2.0
/*
 * Programs that do nothing, at entry and return: the minimal cost of the mechanism. With PAIR, an
 * fentry and an fexit program; without, a session program (see loader.c). With KFUNC, the session
 * program calls two functions of the kernel at entry and at return: the cost of such calls.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include "kfunc.h"

#ifdef PAIR
SEC("fentry/tcp_v6_connect")
int entered(void *ctx)
{
	return 0;
}

SEC("fexit/tcp_v6_connect")
int returned(void *ctx)
{
	return 0;
}
#else
SEC("fentry/tcp_v6_connect")
int session(void *ctx)
{
#ifdef KFUNC
	bpf_rcu_read_lock();
	bpf_rcu_read_unlock();
#endif
	return 0;
}
#endif

char LICENSE[] SEC("license") = "GPL";
