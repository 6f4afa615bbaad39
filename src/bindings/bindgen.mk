# SPDX-License-Identifier: GPL-2.0
#
# bindgen declares the C that the kernel crate lacks, for this kernel's configuration. layout.c checks the layout.

BINDGEN ?= bindgen

tsoffset-kernel-bindings := $(objtree)/rust/bindings/bindings_generated.rs

# Types the kernel crate binds are taken from there. Those it only forward-declares are ours to
# define, and anonymous types are numbered anew in every run.
quiet_cmd_tsoffset_bound_types = BOUND   $@
      cmd_tsoffset_bound_types = $(CONFIG_SHELL) $(src)/bindings/bound-types.sh $< > $@

$(obj)/bindings/bound-types: $(tsoffset-kernel-bindings) $(src)/bindings/bound-types.sh FORCE
	$(call if_changed,tsoffset_bound_types)

# The compiler's options for reading C. bindgen reads with libclang, also if gcc builds the
# kernel.
tsoffset-c-flags = $(filter -D% -U% -I% -include %.h -nostdinc -std=% -fshort-wchar \
	-funsigned-char -fms-extensions -fms-anonymous-structs -m64 -Wp$(comma)-MMD%,$(c_flags))

# bindgen takes ten times as long with an expression for each type. An argument has room for some thousand names.
quiet_cmd_tsoffset_bindgen = BINDGEN $@
      cmd_tsoffset_bindgen = \
	$(BINDGEN) $< --rust-target $(tsoffset-rust-target) --use-core --ctypes-prefix ffi --no-layout-tests \
		--no-debug '.*' --no-doc-comments --default-non-copy-union-style manually_drop \
		--enable-function-attribute-detection \
		$(if $(filter %kernel_has_zeroed,$(tsoffset-cfgs)),--with-derive-custom-struct "(proc_ops|pernet_operations)=MaybeZeroable") \
		$(foreach t,$(tsoffset-types),--allowlist-type $(t)) \
		$(foreach f,$(tsoffset-functions),--allowlist-function $(f)) \
		$(foreach v,$(tsoffset-vars),--allowlist-var $(v)) \
		--blocklist-type socket_lock_t \
		$$(xargs -n 500 < $(obj)/bindings/bound-types | sed 's/ /|/g; s/.*/--blocklist-type (&)/') \
		-o $@ -- $(tsoffset-c-flags) -DMODULE -w \
		$(if $(CONFIG_X86_64),--target=x86_64-linux-gnu) \
		$(if $(CONFIG_ARM64),--target=aarch64-linux-gnu)

tsoffset-types := fprobe ftrace_ops ftrace_regs kprobe_pre_handler_t tsoffset_verdict tsoffset_flags tcp_sock inet_sock ipv6_pinfo sock sockaddr_in kprobe kretprobe kretprobe_instance \
	notifier_block proc_ops netns_ipv4 seq_operations pernet_operations net_generic tracepoint irq_work wait_queue_head wait_queue_entry
tsoffset-functions := enable_kprobe register_kprobe register_kretprobe register_fprobe_syms unregister_fprobe ftrace_set_filter_ip ftrace_free_filter register_ftrace_function unregister_ftrace_function sprint_symbol copy_from_kernel_nofault unregister_kprobe \
	unregister_kretprobe proc_create_data proc_mkdir proc_remove single_release seq_lseek \
	secure_tcpv6_seq_and_ts_off secure_tcp_seq_and_ts_off sock_create_kern sock_release ktime_get_boot_fast_ns \
	sock_diag_save_cookie seq_open_private seq_release_private seq_write \
	for_each_kernel_tracepoint tracepoint_probe_register tracepoint_probe_unregister \
	register_pernet_subsys unregister_pernet_subsys irq_work_queue irq_work_sync __wake_up init_wait_entry prepare_to_wait_event finish_wait \
	pvclock_gtod_register_notifier pvclock_gtod_unregister_notifier msleep msleep_interruptible proc_dou8vec_minmax schedule synchronize_rcu tsoffset_.*
tsoffset-vars := init_net IPPROTO_TCP SOL_TCP TCP_TIMESTAMP TCP_SYN_SENT TCP_SYN_RECV TCP_ESTABLISHED TCP_CLOSE TCP_LISTEN \
	EPERM EACCES EADDRNOTAVAIL ECONNREFUSED ETIMEDOUT ECONNRESET EHOSTUNREACH ENETUNREACH AF_INET6 INET_FLAGS_DEFER_CONNECT PF_KTHREAD TASK_NORMAL TASK_INTERRUPTIBLE POLLIN POLLRDNORM \
	KPROBE_FLAG_DISABLED SEEK_SET SEEK_END O_NONBLOCK __tracepoint_connect

$(obj)/bindings/generated.rs: $(src)/bindings/headers.h $(obj)/bindings/bound-types FORCE
	$(call if_changed_dep,tsoffset_bindgen)

# The C compiler's numbers, from its assembly output, as in the kernel's own asm-offsets.h.
targets += bindings/layout.s bindings/generated.rs bindings/bound-types bindings/layout.rs

quiet_cmd_tsoffset_layout = LAYOUT  $@
      cmd_tsoffset_layout = \
	sed -nE 's/^.*->([A-Z0-9_]+) [$$\#]*([0-9]+) .*$$/pub const \1: usize = \2;/p' $< > $@

$(obj)/bindings/layout.rs: $(obj)/bindings/layout.s FORCE
	$(call if_changed,tsoffset_layout)
