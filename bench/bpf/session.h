/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's functions for a session program, which runs at entry and at return of one function
 * (Linux 7.0 and later, x86-64). The JIT compiler inlines both.
 */
#ifndef BENCH_SESSION_H
#define BENCH_SESSION_H

/* Returns whether the program runs at the return. */
bool bpf_session_is_return(void *ctx) __ksym;

/* Returns eight bytes that the call keeps from its entry to its return. They are 0 at the entry. */
__u64 *bpf_session_cookie(void *ctx) __ksym;

#endif
