# SPDX-License-Identifier: GPL-2.0
#
# The interfaces of this kernel. This file decides everything that differs between kernels, by the
# sources and the configuration and never by a version number. Rust gets a cfg for each.

tsoffset-has = $(shell grep -qsE '$(1)' $(srctree)/include/$(2) && echo y)

# Cleaning knows no configuration, and needs none.
ifdef CONFIG_MODULES

# The seed for a connection's first sequence number and its timestamp offset come out of one
# function that hashes the ports, since "tcp: secure_seq: add back ports to TS offset".
ifneq ($(call tsoffset-has,secure_tcpv6_seq_and_ts_off,net/secure_seq.h),y)
$(error tsoffset: this kernel has no secure_tcpv6_seq_and_ts_off() (include/net/secure_seq.h); kernels whose offset is per host are not supported yet)
endif

# A counter of 64 bits is one load or store.
ifneq ($(CONFIG_64BIT),y)
$(error tsoffset: this kernel is not a 64-bit one (CONFIG_64BIT))
endif

ifneq ($(CONFIG_RUST),y)
$(error tsoffset: this kernel is built without CONFIG_RUST; see "Load it on a machine" in the README)
endif
ifneq ($(and $(CONFIG_KPROBES),$(CONFIG_KRETPROBES),$(CONFIG_PROC_FS),$(CONFIG_IRQ_WORK),$(CONFIG_TRACEPOINTS)),y)
$(error tsoffset: this kernel lacks CONFIG_KPROBES, CONFIG_KRETPROBES, CONFIG_PROC_FS, CONFIG_IRQ_WORK or CONFIG_TRACEPOINTS)
endif

endif

# What the kernel crate offers; src/abstractions/compat has the rest.
tsoffset-crate-has = $(if $(shell grep -qsE '$(2)' $(srctree)/rust/$(1) && echo y),--cfg=kernel_has_$(3))

tsoffset-cfgs := \
	$(call tsoffset-crate-has,kernel/str.rs,trait CStrExt,c_str_ext) \
	$(call tsoffset-crate-has,kernel/seq_file.rs,struct SeqFile,seq_file) \
	$(call tsoffset-crate-has,kernel/types.rs,fn try_ffi_init,try_ffi_init) \
	$(call tsoffset-crate-has,kernel/interrupt.rs,fn local_interrupt_disable,interrupt) \
	$(call tsoffset-crate-has,kernel/sync/rcu.rs,struct Guard,rcu) \
	$(call tsoffset-crate-has,kernel/sync/rcu.rs,fn synchronize_rcu,synchronize_rcu) \
	$(call tsoffset-crate-has,kernel/sync/atomic.rs,fn cmpxchg,sync_atomic) \
	$(call tsoffset-crate-has,pin-init/src/lib.rs,const fn zeroed,zeroed) \
	$(call tsoffset-crate-has,kernel/cpu.rs,fn nr_cpu_ids,nr_cpu_ids) \
	$(call tsoffset-crate-has,kernel/fs/file.rs,fn flags,file_flags) \
	$(call tsoffset-crate-has,kernel/types.rs,type NotThreadSafe,not_thread_safe) \
	$(call tsoffset-crate-has,kernel/uaccess.rs,struct UserPtr,user_ptr) \
	$(call tsoffset-crate-has,kernel/jump_label.rs,macro_rules! static_branch_unlikely,static_branch) \
	$(call tsoffset-crate-has,macros/module.rs,authors,module_authors)

# Fprobes on the function graph tracer, whose handlers get the registers that ftrace saves.
ifeq ($(and $(CONFIG_FPROBE),$(call tsoffset-has,^typedef void \(\*fprobe_exit_cb\),linux/fprobe.h),$(shell grep -qsE 'struct ftrace_regs \*regs' $(srctree)/include/linux/fprobe.h && grep -qsE 'struct fprobe_hlist' $(srctree)/include/linux/fprobe.h && echo y)),y)
tsoffset-cfgs += --cfg=kernel_has_fgraph_fprobe
ccflags-y += -DTSOFFSET_FPROBE
endif

# The current task as a per-CPU variable of its own, which modules may read.
ifeq ($(and $(CONFIG_X86_64),$(CONFIG_SMP),$(shell grep -qsE '^DECLARE_PER_CPU\w*\(struct task_struct \*, current_task\);' $(srctree)/arch/x86/include/asm/current.h && { ! test -e $(srctree)/arch/x86/kernel/cpu/common.c || grep -qs '^EXPORT_PER_CPU_SYMBOL(current_task);' $(srctree)/arch/x86/kernel/cpu/common.c; } && echo y)),y)
tsoffset-cfgs += --cfg=kernel_has_current_task
endif

# The language that the kernel's own declarations are written in.
tsoffset-rust-target := $(shell sed -nE 's/.*--rust-target ([0-9.]+).*/\1/p' $(srctree)/rust/Makefile | head -n 1)

# The room for a symbol's name, its end included; see names.mk.
tsoffset-name-limit := $(shell sed -nE 's/^#define KSYM_NAME_LEN[[:space:]]+([0-9]+)$$/\1/p' $(srctree)/include/linux/kallsyms.h)
ifdef CONFIG_MODULES
ifeq ($(tsoffset-name-limit),)
$(error tsoffset: include/linux/kallsyms.h does not say in a number what KSYM_NAME_LEN is)
endif
endif
