// SPDX-License-Identifier: GPL-2.0
/*
 * Treats each ACK over IPv6 to a listener on port 7000 as the answer to its own SYN cookie, and
 * chooses the timestamp offset of the accepted socket. This program is for tests only, because
 * it checks no cookie.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>

/* BPF programs cannot include the kernel's include/linux/compiler_attributes.h. */
#define attribute(kind) __attribute__((kind))
#define __section(name) attribute(section(name))
#define __used attribute(used)

/* TCP_LISTEN in the kernel's include/net/tcp_states.h. */
#define LISTENS 10
/* The options of an ACK: two bytes of padding, and a timestamp option of ten bytes. */
#define TIMESTAMPS 0x0101080a

struct sock {
	int unused;
};

/* As in the kernel's include/net/tcp.h. */
struct bpf_tcp_req_attrs {
	__u32 rcv_tsval;
	__u32 rcv_tsecr;
	__u16 mss;
	__u8 rcv_wscale;
	__u8 snd_wscale;
	__u8 ecn_ok;
	__u8 wscale_ok;
	__u8 sack_ok;
	__u8 tstamp_ok;
	__u8 usec_ts_ok;
	__u8 reserved[3];
};

int bpf_sk_assign_tcp_reqsk(struct __sk_buff *skb, struct sock *sk,
			    struct bpf_tcp_req_attrs *attrs, int attrs__sz)
	__section(".ksyms");

/* BPF helpers have numbers instead of addresses. */
static long (*sk_release)(void *sk) = (void *)BPF_FUNC_sk_release;
static struct bpf_sock *(*skc_lookup_tcp)(void *skb, struct bpf_sock_tuple *tuple, __u32 size,
					  __u64 netns, __u64 flags) =
	(void *)BPF_FUNC_skc_lookup_tcp;
static struct sock *(*skc_to_tcp_sock)(void *sk) = (void *)BPF_FUNC_skc_to_tcp_sock;

__section("tc") __used int choose(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	void *end = (void *)(long)skb->data_end;
	struct ethhdr *eth = data;
	struct ipv6hdr *ip = (void *)(eth + 1);
	struct tcphdr *tcp = (void *)(ip + 1);
	__u32 *option = (void *)(tcp + 1);
	struct bpf_tcp_req_attrs attrs = {};
	struct bpf_sock_tuple tuple = {};
	struct bpf_sock *listener;
	struct sock *sk;

	if ((void *)(option + 3) > end || eth->h_proto != __builtin_bswap16(ETH_P_IPV6) ||
	    ip->nexthdr != IPPROTO_TCP || tcp->dest != __builtin_bswap16(7000))
		return TC_ACT_OK;
	if (tcp->syn || tcp->rst || !tcp->ack || tcp->doff != 8 ||
	    option[0] != __builtin_bswap32(TIMESTAMPS))
		return TC_ACT_OK;

	__builtin_memcpy(tuple.ipv6.saddr, &ip->saddr, sizeof(tuple.ipv6.saddr));
	__builtin_memcpy(tuple.ipv6.daddr, &ip->daddr, sizeof(tuple.ipv6.daddr));
	tuple.ipv6.sport = tcp->source;
	tuple.ipv6.dport = tcp->dest;
	listener = skc_lookup_tcp(skb, &tuple, sizeof(tuple.ipv6), BPF_F_CURRENT_NETNS, 0);
	if (!listener)
		return TC_ACT_OK;
	sk = listener->state == LISTENS ? skc_to_tcp_sock(listener) : 0;
	if (sk) {
		attrs.rcv_tsval = __builtin_bswap32(option[1]);
		/* The offset is this value minus the clock. The peer has not seen this offset. */
		attrs.rcv_tsecr = __builtin_bswap32(option[2]) ^ 0x5a5a;
		attrs.mss = 1440;
		attrs.rcv_wscale = 7;
		attrs.snd_wscale = 7;
		attrs.wscale_ok = 1;
		attrs.sack_ok = 1;
		attrs.tstamp_ok = 1;
		bpf_sk_assign_tcp_reqsk(skb, sk, &attrs, sizeof(attrs));
	}
	sk_release(listener);
	return TC_ACT_OK;
}

__section("license") __used char choose_license[] = "GPL";
