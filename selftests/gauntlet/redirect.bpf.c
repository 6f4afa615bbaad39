// SPDX-License-Identifier: GPL-2.0
/*
 * Sends connects to port 80 of 2001:db8::99 and 192.0.2.99 to port 8080 of 2001:db8::2 and
 * 192.0.2.2, as the load balancers of container hosts do, and counts these connects. Rejects
 * connects to port 81.
 */
#include <linux/bpf.h>

/* BPF programs cannot include the kernel's include/linux/compiler_attributes.h. */
#define attribute(kind) __attribute__((kind))
#define __section(name) attribute(section(name))
#define __used attribute(used)

#define REJECT 0
#define ALLOW 1
#define V6_PREFIX __builtin_bswap32(0x20010db8)
#define V4_PREFIX 0xc0000200
#define SERVICE 0x99
#define V4_SERVICE 99
#define BACKEND 2

/* bpftool shows these counts as the program's .bss. */
__u32 redirected_v6, redirected_v4, rejected;

static int reject(void)
{
	__sync_fetch_and_add(&rejected, 1);
	return REJECT;
}

__section("cgroup/connect6") __used int redirect6(struct bpf_sock_addr *call)
{
	if (call->user_port == __builtin_bswap16(81))
		return reject();
	if (call->user_port != __builtin_bswap16(80) || call->user_ip6[0] != V6_PREFIX ||
	    call->user_ip6[3] != __builtin_bswap32(SERVICE))
		return ALLOW;
	call->user_ip6[3] = __builtin_bswap32(BACKEND);
	call->user_port = __builtin_bswap16(8080);
	__sync_fetch_and_add(&redirected_v6, 1);
	return ALLOW;
}

__section("cgroup/connect4") __used int redirect4(struct bpf_sock_addr *call)
{
	if (call->user_port == __builtin_bswap16(81))
		return reject();
	if (call->user_port != __builtin_bswap16(80) ||
	    call->user_ip4 != __builtin_bswap32(V4_PREFIX | V4_SERVICE))
		return ALLOW;
	call->user_ip4 = __builtin_bswap32(V4_PREFIX | BACKEND);
	call->user_port = __builtin_bswap16(8080);
	__sync_fetch_and_add(&redirected_v4, 1);
	return ALLOW;
}

__section("license") __used char redirect_license[] = "GPL";
