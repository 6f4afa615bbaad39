/* SPDX-License-Identifier: GPL-2.0 */
/* Short functions of the kernel that BPF may call. */
#ifndef BENCH_KFUNC_H
#define BENCH_KFUNC_H

__ksym void bpf_rcu_read_lock(void);
__ksym void bpf_rcu_read_unlock(void);

#endif
