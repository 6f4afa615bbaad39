// SPDX-License-Identifier: GPL-2.0

//! Callbacks at the entry of one kernel function, by ftrace.
//!
//! C header: [`include/linux/ftrace.h`](srctree/include/linux/ftrace.h)

use core::mem::MaybeUninit;

use kernel::{
    error::to_result,
    ffi::c_ulong, //
};

use super::{
    compat::prelude::*,
    probe_target::PtRegs, //
};
use crate::bindings;

/// What ftrace calls: the addresses of the function and of its caller, the operations, and the registers.
pub(super) type Callback =
    unsafe extern "C" fn(c_ulong, c_ulong, *mut bindings::ftrace_ops, *mut bindings::ftrace_regs);

/// Registers `callback` for calls of the function at `address`, an address that ftrace knows. May sleep.
///
/// The kernel keeps the callback from recursion within one context, and calls it with preemption off and RCU watching.
///
/// # Safety
///
/// `ops` is valid for writes. Where this succeeds, `ops` stays where it is, and `callback` may be called with it, until
/// [`unregister`] has returned.
pub(super) unsafe fn register(
    ops: *mut bindings::ftrace_ops,
    callback: Callback,
    address: c_ulong,
) -> Result {
    // SAFETY: The caller says that `ops` is valid for writes; all zeroes is a `struct ftrace_ops`.
    unsafe {
        ops.write_bytes(0, 1);
        (*ops).func = Some(callback);
        (*ops).flags = bindings::tsoffset_ftrace_flags();
    }
    // SAFETY: `ops` is live. The filter has the one address afterwards.
    let filtered = to_result(unsafe { bindings::ftrace_set_filter_ip(ops, address, 0, 1) });
    filtered
        // SAFETY: The caller says that `ops` stays where it is, and that the callback may be called.
        .and_then(|()| to_result(unsafe { bindings::register_ftrace_function(ops) }))
        // SAFETY: It is not registered.
        .inspect_err(|_| unsafe { bindings::ftrace_free_filter(ops) })
}

/// Unregisters it, and waits until the callback runs nowhere. May sleep.
///
/// # Safety
///
/// `ops` is registered.
pub(super) unsafe fn unregister(ops: *mut bindings::ftrace_ops) {
    // SAFETY: Registered, as the caller says. It fails where ftrace has given up as a whole only, and calls nothing any more.
    // `ops` is memory of the module, for which the kernel waits (`FTRACE_OPS_FL_DYNAMIC`).
    unsafe {
        let _ = bindings::unregister_ftrace_function(ops);
        bindings::ftrace_free_filter(ops);
    }
}

/// The registers that ftrace has saved: arguments, return value, stack and instruction pointer.
///
/// # Safety
///
/// `regs` are those that ftrace passes to a callback, which is running; `space` is used as long as the result.
pub(super) unsafe fn regs<'a>(
    regs: *mut bindings::ftrace_regs,
    space: &'a mut MaybeUninit<bindings::pt_regs>,
) -> &'a PtRegs {
    // SAFETY: The kernel gives the registers that it keeps, or writes those that ftrace saved into the space.
    unsafe {
        PtRegs::from_raw(bindings::tsoffset_ftrace_partial_regs(
            regs,
            space.as_mut_ptr(),
        ))
    }
}
