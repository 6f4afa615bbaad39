/* SPDX-License-Identifier: GPL-2.0 */
/*
 * SipHash-2-4 of the inputs of secure_tcpv6_seq_and_ts_off() and secure_tcp_seq_and_ts_off()
 * (net/core/secure_seq.c), with the kernel's key.
 */
#ifndef BENCH_SIPHASH_H
#define BENCH_SIPHASH_H

/* The key, by its address in /proc/kallsyms: it has no BPF type information. */
extern const void net_secret __ksym;

struct sip {
	__u64 a, b, c, d;
};

static __always_inline __u64 rotated(__u64 word, int bits)
{
	return word << bits | word >> (64 - bits);
}

static __always_inline void sip_round(struct sip *state)
{
	state->a += state->b;
	state->b = rotated(state->b, 13) ^ state->a;
	state->a = rotated(state->a, 32);
	state->c += state->d;
	state->d = rotated(state->d, 16) ^ state->c;
	state->a += state->d;
	state->d = rotated(state->d, 21) ^ state->a;
	state->c += state->b;
	state->b = rotated(state->b, 17) ^ state->c;
	state->c = rotated(state->c, 32);
}

/* Prepares the state before the first word. The kernel draws its key once. */
static __always_inline void sip_prepare(__u64 begin[4])
{
	const __u64 *key = bpf_rdonly_cast(&net_secret, 0);

	begin[0] = 0x736f6d6570736575ULL ^ key[0];
	begin[1] = 0x646f72616e646f6dULL ^ key[1];
	begin[2] = 0x6c7967656e657261ULL ^ key[0];
	begin[3] = 0x7465646279746573ULL ^ key[1];
}

static __always_inline struct sip sip_begin(const __u64 *begin)
{
	struct sip state;

	/* One address for all four loads. */
	barrier_var(begin);
	state = (struct sip){ begin[0], begin[1], begin[2], begin[3] };
	return state;
}

static __always_inline void sip_word(struct sip *state, __u64 word)
{
	state->d ^= word;
	sip_round(state);
	sip_round(state);
	state->a ^= word;
}

/* Hashes the last word, which has the length, and returns the half that is the offset. */
static __always_inline __u32 sip_offset(struct sip *state, __u64 rest, __u64 length)
{
	sip_word(state, rest | length << 56);
	state->c ^= 0xff;
	sip_round(state);
	sip_round(state);
	sip_round(state);
	sip_round(state);
	return (state->a ^ state->b ^ state->c ^ state->d) >> 32;
}

#endif
