// SPDX-License-Identifier: GPL-2.0
/*
 * Programs that do nothing, at entry and exit: the minimal cost of the mechanism.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

SEC("fentry/tcp_v6_connect")
int BPF_PROG(entered, struct sock *sk)
{
	return 0;
}

SEC("fexit/tcp_v6_connect")
int BPF_PROG(returned, struct sock *sk)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
