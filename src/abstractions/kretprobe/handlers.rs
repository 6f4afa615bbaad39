// SPDX-License-Identifier: GPL-2.0

//! What the kernel calls: from a probe's handler to ours.

use kernel::{
    container_of,
    types::Opaque, //
};

use super::{
    super::{
        compat::prelude::*,
        preemption::PreemptionDisabled,
        probed::{
            Function,
            Regs, //
        }, //
    },
    Args,
    Handler,
    Kept,
    Registration, //
};
use crate::bindings;

/// The registration an instance belongs to.
///
/// # Safety
///
/// `instance` was passed to a handler of a `Registration<T>`, which is running.
unsafe fn registration<'a, T: Handler>(
    instance: *mut bindings::kretprobe_instance,
) -> &'a Registration<T> {
    // SAFETY: The caller promises a live instance.
    let kretprobe = unsafe { bindings::tsoffset_get_kretprobe(instance) };
    let field = kretprobe.cast::<Opaque<bindings::kretprobe>>();
    // SAFETY: `kretprobe` is the field of a `Registration<T>`, which outlives its handlers.
    unsafe { &*container_of!(field, Registration<T>, kretprobe) }
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
    let args = unsafe { T::Function::args(Regs::from_raw(regs)) };

    if !this.handler.wants(args) {
        return 0;
    }
    // SAFETY: By the type invariant this is the kernel's own handler for this probe, and nobody writes it any more.
    let result = unsafe { (*this.follow.get()).map_or(0, |follow| follow(kprobe, regs)) };
    // SAFETY: Handlers run with preemption off (Documentation/trace/kprobes.rst).
    let here = unsafe { PreemptionDisabled::assume() };
    this.handler.called(here, args);
    result
}

/// # Safety
///
/// Called by the kernel's handler only, as entry handler of a `Registration<T>`.
pub(super) unsafe extern "C" fn entry_handler<T: Handler>(
    instance: *mut bindings::kretprobe_instance,
    regs: *mut bindings::pt_regs,
) -> c_int {
    // SAFETY: This is a handler of a `Registration<T>`.
    let this = unsafe { registration::<T>(instance) };
    // SAFETY: The kernel passes the registers of the probed call, unchanged while the handler runs.
    let args = unsafe { T::Function::args(Regs::from_raw(regs)) };

    // SAFETY: Handlers run with preemption off (Documentation/trace/kprobes.rst).
    let here = unsafe { PreemptionDisabled::assume() };

    let data = this.handler.entered(here, args);
    // SAFETY: The instance has `data_size` bytes for a `Kept` (see `new`), aligned (`FITS`), and is this call's alone until
    // it returns.
    unsafe {
        (&raw mut (*instance).data)
            .cast::<Kept<Args<'_, T>, T::Data>>()
            .write(Kept { args, data })
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
    // SAFETY: This is a handler of a `Registration<T>`.
    let this = unsafe { registration::<T>(instance) };
    // SAFETY: The entry handler wrote it, or the kernel would not call this one; the arguments are
    // valid until the call returns (`Function`), which is after this handler.
    let Kept { args, data } = unsafe {
        (&raw const (*instance).data)
            .cast::<Kept<Args<'_, T>, T::Data>>()
            .read()
    };
    // SAFETY: The kernel passes the registers of the return, unchanged while the handler runs.
    let value = unsafe { Regs::from_raw(regs) }.return_value();

    // SAFETY: As above.
    let here = unsafe { PreemptionDisabled::assume() };

    this.handler.returned(here, args, data, value);
    0
}
