// SPDX-License-Identifier: GPL-2.0

//! Ftrace callbacks at the entry of one kernel function.
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

/// A callback of ftrace. It gets the addresses of the function and of its caller, the operations, and the registers.
pub(super) type Callback =
    unsafe extern "C" fn(c_ulong, c_ulong, *mut bindings::ftrace_ops, *mut bindings::ftrace_regs);

/// Registers `callback` for calls of the function at `address`, which ftrace has to know. May sleep.
///
/// The kernel prevents recursion of the callback within one context, and calls it with preemption off and RCU
/// watching.
///
/// # Safety
///
/// `ops` is valid for writes. After a success, `ops` does not move until [`unregister`] has returned, and ftrace may
/// call `callback` with it until then.
pub(super) unsafe fn register(
    ops: *mut bindings::ftrace_ops,
    callback: Callback,
    address: c_ulong,
) -> Result {
    // SAFETY: The caller guarantees that `ops` is valid for writes; all zeroes is a `struct ftrace_ops`.
    unsafe {
        ops.write_bytes(0, 1);
        (*ops).func = Some(callback);
        (*ops).flags = bindings::tsoffset_ftrace_flags();
    }
    // SAFETY: `ops` is live. The call sets the filter to one address.
    let filtered = to_result(unsafe { bindings::ftrace_set_filter_ip(ops, address, 0, 1) });
    filtered
        // SAFETY: The caller guarantees that `ops` does not move and that ftrace may call the callback.
        .and_then(|()| to_result(unsafe { bindings::register_ftrace_function(ops) }))
        // SAFETY: `ops` is not registered.
        .inspect_err(|_| unsafe { bindings::ftrace_free_filter(ops) })
}

/// Unregisters `ops`, and waits for running callbacks. May sleep.
///
/// # Safety
///
/// `ops` is registered.
pub(super) unsafe fn unregister(ops: *mut bindings::ftrace_ops) {
    // SAFETY: The caller guarantees registered `ops`. The call fails only if ftrace has shut itself down, and then no
    // callback runs. `ops` is memory of the module, for which the kernel waits (`FTRACE_OPS_FL_DYNAMIC`).
    unsafe {
        let _ = bindings::unregister_ftrace_function(ops);
        bindings::ftrace_free_filter(ops);
    }
}

/// Returns the registers that ftrace has saved: arguments, return value, stack and instruction pointer.
///
/// # Safety
///
/// `regs` are those that ftrace passes to a running callback. `space` lives as long as the result.
pub(super) unsafe fn regs<'a>(
    regs: *mut bindings::ftrace_regs,
    space: &'a mut MaybeUninit<bindings::pt_regs>,
) -> &'a PtRegs {
    // SAFETY: The kernel returns the registers that it has, or writes those that ftrace saved to `space`.
    unsafe {
        PtRegs::from_raw(bindings::tsoffset_ftrace_partial_regs(
            regs,
            space.as_mut_ptr(),
        ))
    }
}
