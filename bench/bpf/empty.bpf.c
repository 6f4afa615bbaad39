// SPDX-License-Identifier: GPL-2.0
/*
 * Programs that do nothing, at entry and return: the minimal cost of the mechanism. With PAIR, an
 * fentry and an fexit program; without, a session program (see loader.c).
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

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
	return 0;
}
#endif

char LICENSE[] SEC("license") = "GPL";
