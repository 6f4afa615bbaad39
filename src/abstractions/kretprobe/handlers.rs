// SPDX-License-Identifier: GPL-2.0

//! What the kernel calls: from a probe's handler to ours.

use kernel::{
    container_of,
    types::Opaque, //
};

use super::{
    super::{
        compat::prelude::*,
        hook::{
            count,
            Args,
            EntryData, //
            Handler,
        },
        preempt::PreemptDisabled,
        probe_target::{
            ProbeTarget,
            PtRegs, //
        }, //
    },
    Registration, //
};
use crate::bindings;

/// The registration that an instance belongs to; none while the probe is unregistered.
///
/// Without `CONFIG_KRETPROBE_ON_RETHOOK`, `unregister_kretprobes()` clears the instance's pointer first and waits for running
/// handlers afterwards (kernel/kprobes.c), so that a handler may find it null.
///
/// # Safety
///
/// `instance` was passed to a handler of a `Registration<T>`, which is running.
unsafe fn registration<'a, T: Handler>(
    instance: *mut bindings::kretprobe_instance,
) -> Option<&'a Registration<T>> {
    // SAFETY: The caller promises a live instance. The pointer is loaded once, by READ_ONCE.
    let kretprobe = unsafe { bindings::tsoffset_get_kretprobe(instance) };
    if kretprobe.is_null() {
        return None;
    }
    let field = kretprobe.cast::<Opaque<bindings::kretprobe>>();
    // SAFETY: `kretprobe` is not null, so it is the field of a `Registration<T>`. Dropping that waits for running handlers.
    Some(unsafe { &*container_of!(field, Registration<T>, kretprobe) })
}

/// # Safety
///
/// Called by the kernel only, as handler of the kprobe within a `Registration<T>`.
pub(super) unsafe extern "C" fn pre_handler<T: Handler>(
    kprobe: *mut bindings::kprobe,
    regs: *mut bindings::pt_regs,
) -> c_int {
    // SAFETY: The kprobe is that of a kretprobe, which is the field of a `Registration<T>`, which outlives its handlers.
    let this = unsafe {
        let kretprobe = container_of!(kprobe, bindings::kretprobe, kp);
        let field = kretprobe.cast::<Opaque<bindings::kretprobe>>();
        &*container_of!(field, Registration<T>, kretprobe)
    };
    // SAFETY: The kernel passes the registers of the probed call, unchanged while the handler runs.
    let args = unsafe { T::Target::args(PtRegs::from_raw(regs)) };

    if !this.handler.filter(args) {
        return 0;
    }
    // SAFETY: By the type invariant this is the kernel's own handler for this probe, and nobody writes it any more.
    let result = unsafe { (*this.follow.get()).map_or(0, |follow| follow(kprobe, regs)) };
    // SAFETY: Handlers run with preemption off (Documentation/trace/kprobes.rst).
    let preempt = unsafe { PreemptDisabled::assume() };
    this.handler.on_hit(preempt, args);
    result
}

/// # Safety
///
/// Called by the kernel only, as handler of the counting kprobe within a `Registration<T>`.
pub(super) unsafe extern "C" fn count_handler<T: Handler>(
    kprobe: *mut bindings::kprobe,
    regs: *mut bindings::pt_regs,
) -> c_int {
    let field = kprobe.cast::<Opaque<bindings::kprobe>>();
    // SAFETY: The kprobe is the field of a `Registration<T>`, which outlives its handlers.
    let this = unsafe { &*container_of!(field, Registration<T>, counter) };
    // SAFETY: The kernel passes the registers of the probed call, unchanged while the handler runs, which it does with preemption
    // off (Documentation/trace/kprobes.rst).
    unsafe { count(&this.handler, PtRegs::from_raw(regs)) };
    0
}

/// The entry handler where no [`pre_handler`] has asked before whether the call is wanted.
///
/// # Safety
///
/// As for [`entry_handler`].
pub(super) unsafe extern "C" fn filtered_entry_handler<T: Handler>(
    instance: *mut bindings::kretprobe_instance,
    regs: *mut bindings::pt_regs,
) -> c_int {
    // SAFETY: The kernel passes a live instance of a `Registration<T>`, whose handler this is.
    let Some(this) = (unsafe { registration::<T>(instance) }) else {
        return 1;
    };
    // SAFETY: The kernel passes the registers of the probed call, unchanged while the handler runs.
    let args = unsafe { T::Target::args(PtRegs::from_raw(regs)) };
    if !this.handler.filter(args) {
        return 1;
    }
    // SAFETY: Both handlers are called alike.
    unsafe { entry_handler::<T>(instance, regs) }
}

/// # Safety
///
/// Called by the kernel's handler only, as entry handler of a `Registration<T>`.
pub(super) unsafe extern "C" fn entry_handler<T: Handler>(
    instance: *mut bindings::kretprobe_instance,
    regs: *mut bindings::pt_regs,
) -> c_int {
    // SAFETY: The kernel passes a live instance of a `Registration<T>`, whose handler this is.
    let Some(this) = (unsafe { registration::<T>(instance) }) else {
        // The kernel takes the instance back, and the call is not followed.
        return 1;
    };
    // SAFETY: The kernel passes the registers of the probed call, unchanged while the handler runs.
    let args = unsafe { T::Target::args(PtRegs::from_raw(regs)) };

    // SAFETY: Handlers run with preemption off (Documentation/trace/kprobes.rst).
    let preempt = unsafe { PreemptDisabled::assume() };

    let Some(data) = this.handler.on_entry(preempt, args) else {
        return 1;
    };
    // SAFETY: The instance has `data_size` bytes for a `EntryData` (see `new`), aligned (`FITS`), and is this call's alone until
    // it returns.
    unsafe {
        (&raw mut (*instance).data)
            .cast::<EntryData<Args<'_, T>, T::Data>>()
            .write(EntryData { args, data })
    };
    0
}

/// # Safety
///
/// Called by the kernel only, as return handler of a `Registration<T>`.
pub(super) unsafe extern "C" fn return_handler<T: Handler>(
    instance: *mut bindings::kretprobe_instance,
    regs: *mut bindings::pt_regs,
) -> c_int {
    // SAFETY: The kernel passes a live instance of a `Registration<T>`, whose handler this is.
    let Some(this) = (unsafe { registration::<T>(instance) }) else {
        return 0;
    };
    // SAFETY: The entry handler wrote it, or the kernel would not call this one; the arguments are
    // valid until the call returns (`ProbeTarget`), which is after this handler.
    let EntryData { args, data } =
        unsafe { &*(&raw const (*instance).data).cast::<EntryData<Args<'_, T>, T::Data>>() };
    // SAFETY: The kernel passes the registers of the return, unchanged while the handler runs.
    let value = unsafe { PtRegs::from_raw(regs) }.return_value();

    // SAFETY: The kernel calls this with preemption off until it returns.
    let preempt = unsafe { PreemptDisabled::assume() };

    this.handler.on_return(preempt, *args, data, value);
    0
}
