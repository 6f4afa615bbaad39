// SPDX-License-Identifier: GPL-2.0

//! The callbacks of the kernel, which call the registration's handler.

use kernel::{
    container_of,
    types::Opaque, //
};

use super::{
    super::{
        compat::prelude::*,
        hook::{
            count,
            run_on_return,
            Args,
            EntryData,
            Handler, //
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

/// Returns the registration of an instance; `None` during the unregistration of the probe, without
/// `CONFIG_KRETPROBE_ON_RETHOOK`.
///
/// # Safety
///
/// `instance` was passed to a running handler of a `Registration<T>`.
#[inline(always)]
unsafe fn registration<'a, T: Handler>(
    instance: *mut bindings::kretprobe_instance,
) -> Option<&'a Registration<T>> {
    // SAFETY: The caller guarantees a live instance.
    let kretprobe = unsafe { kretprobe_of(instance)? };
    let field = kretprobe.cast::<Opaque<bindings::kretprobe>>();
    // SAFETY: `kretprobe` is the field of a `Registration<T>`, whose drop waits for running handlers.
    Some(unsafe { &*container_of!(field, Registration<T>, kretprobe) })
}

/// `get_kretprobe()` without a call: the kernel sets the pointer at the registration (include/linux/kprobes.h).
///
/// # Safety
///
/// `instance` is live.
#[cfg(CONFIG_KRETPROBE_ON_RETHOOK)]
#[inline(always)]
unsafe fn kretprobe_of(
    instance: *mut bindings::kretprobe_instance,
) -> Option<*mut bindings::kretprobe> {
    // SAFETY: The caller guarantees a live instance, which has a live rethook.
    Some(unsafe { (*(*instance).node.rethook).data.cast() })
}

/// `get_kretprobe()`. `unregister_kretprobes()` clears the instance's pointer first and waits for running handlers
/// afterwards (kernel/kprobes.c). So a handler can find a null pointer.
///
/// # Safety
///
/// `instance` is live.
#[cfg(not(CONFIG_KRETPROBE_ON_RETHOOK))]
unsafe fn kretprobe_of(
    instance: *mut bindings::kretprobe_instance,
) -> Option<*mut bindings::kretprobe> {
    // SAFETY: The caller guarantees a live instance. The pointer is loaded once, by READ_ONCE.
    let kretprobe = unsafe { bindings::tsoffset_get_kretprobe(instance) };
    (!kretprobe.is_null()).then_some(kretprobe)
}

/// # Safety
///
/// Only the kernel calls it, as handler of the kprobe in a `Registration<T>`.
pub(super) unsafe extern "C" fn pre_handler<T: Handler>(
    kprobe: *mut bindings::kprobe,
    regs: *mut bindings::pt_regs,
) -> c_int {
    // SAFETY: The kprobe belongs to a kretprobe, the field of a `Registration<T>`, which outlives its handlers.
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
    // SAFETY: By the type invariant, this is the kernel's own handler for this probe, and no code writes it any more.
    let result = unsafe { (*this.follow.get()).map_or(0, |follow| follow(kprobe, regs)) };
    // SAFETY: Handlers run with preemption off (Documentation/trace/kprobes.rst).
    let preempt = unsafe { PreemptDisabled::assume() };
    this.handler.on_hit(preempt, args);
    result
}

/// # Safety
///
/// Only the kernel calls it, as handler of the counting kprobe in a `Registration<T>`.
pub(super) unsafe extern "C" fn count_handler<T: Handler>(
    kprobe: *mut bindings::kprobe,
    regs: *mut bindings::pt_regs,
) -> c_int {
    let field = kprobe.cast::<Opaque<bindings::kprobe>>();
    // SAFETY: The kprobe is the field of a `Registration<T>`, which outlives its handlers.
    let this = unsafe { &*container_of!(field, Registration<T>, counter) };
    // SAFETY: The kernel passes the registers of the probed call, unchanged while the handler runs. Handlers run with
    // preemption off (Documentation/trace/kprobes.rst).
    unsafe { count(&this.handler, PtRegs::from_raw(regs)) };
    0
}

/// Returns the registration of an instance, and the arguments of the call; `None` after the registration's end.
///
/// # Safety
///
/// `instance` is a live one of a `Registration<T>`. `regs` are the registers at the entry of the probed call, unchanged
/// for `'call`.
#[inline(always)]
unsafe fn call<'call, T: Handler>(
    instance: *mut bindings::kretprobe_instance,
    regs: *mut bindings::pt_regs,
) -> Option<(&'call Registration<T>, Args<'call, T>)> {
    // SAFETY: The caller guarantees a live instance of a `Registration<T>`.
    let this = unsafe { registration::<T>(instance) }?;
    // SAFETY: The caller guarantees the registers of the probed call.
    let args = unsafe { T::Target::args(PtRegs::from_raw(regs)) };
    Some((this, args))
}

/// The entry handler without [`pre_handler`]: calls `filter` itself.
///
/// # Safety
///
/// As for [`entry_handler`].
pub(super) unsafe extern "C" fn filtered_entry_handler<T: Handler>(
    instance: *mut bindings::kretprobe_instance,
    regs: *mut bindings::pt_regs,
) -> c_int {
    // SAFETY: The kernel passes a live instance of a `Registration<T>`, whose handler this is, and the call's registers.
    let Some((this, args)) = (unsafe { call::<T>(instance, regs) }) else {
        return 1;
    };
    if !this.handler.filter(args) {
        return 1;
    }
    // SAFETY: The kernel calls both handlers with the same arguments.
    unsafe { entry_handler::<T>(instance, regs) }
}

/// # Safety
///
/// Only the kernel's handler calls it, as entry handler of a `Registration<T>`.
pub(super) unsafe extern "C" fn entry_handler<T: Handler>(
    instance: *mut bindings::kretprobe_instance,
    regs: *mut bindings::pt_regs,
) -> c_int {
    // SAFETY: The kernel passes a live instance of a `Registration<T>`, whose handler this is, and the call's registers.
    let Some((this, args)) = (unsafe { call::<T>(instance, regs) }) else {
        // The kernel frees the instance, and the call is not followed.
        return 1;
    };
    // SAFETY: Handlers run with preemption off (Documentation/trace/kprobes.rst).
    let preempt = unsafe { PreemptDisabled::assume() };

    let Some(data) = this.handler.on_entry(preempt, args) else {
        return 1;
    };
    // Reads the arguments again: kept across `on_entry`, the arguments would take stack and instructions.
    // SAFETY: The registers are still those of the call's entry, which no handler changes.
    let args = unsafe { T::Target::args(PtRegs::from_raw(regs)) };
    // SAFETY: The instance has `data_size` bytes for an `EntryData` (see `register`), aligned (`FITS`). It belongs to
    // this call until the return.
    unsafe {
        (&raw mut (*instance).data)
            .cast::<EntryData<Args<'_, T>, T::Data>>()
            .write(EntryData { args, data })
    };
    0
}

/// # Safety
///
/// Only the kernel calls it, as return handler of a `Registration<T>`.
pub(super) unsafe extern "C" fn return_handler<T: Handler>(
    instance: *mut bindings::kretprobe_instance,
    regs: *mut bindings::pt_regs,
) -> c_int {
    // SAFETY: The kernel passes a live instance of a `Registration<T>`, whose handler this is.
    let Some(this) = (unsafe { registration::<T>(instance) }) else {
        return 0;
    };
    // SAFETY: The kernel calls this only after the entry handler has written the data. The arguments are valid until
    // the call returns (`ProbeTarget`), which is after this handler.
    let EntryData { args, data } =
        unsafe { &*(&raw const (*instance).data).cast::<EntryData<Args<'_, T>, T::Data>>() };
    // SAFETY: The kernel passes the registers of the return, unchanged while the handler runs.
    let regs = unsafe { PtRegs::from_raw(regs) };

    // SAFETY: The kernel calls this with preemption off until it returns.
    let preempt = unsafe { PreemptDisabled::assume() };

    // SAFETY: These are the registers of the return of that call.
    unsafe { run_on_return(&this.handler, preempt, *args, data, regs) };
    0
}
