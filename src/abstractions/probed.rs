// SPDX-License-Identifier: GPL-2.0

//! A kernel function that probes can be put on, and how its arguments are read.
//!
//! C header: [`include/linux/ptrace.h`](srctree/include/linux/ptrace.h)

use kernel::types::Opaque;

use super::compat::prelude::*;
use crate::bindings;

/// The registers at a function's entry or return: `struct pt_regs`.
#[repr(transparent)]
pub(crate) struct Regs(Opaque<bindings::pt_regs>);

impl Regs {
    /// # Safety
    ///
    /// `regs` points to registers that stay as they are for `'a`.
    pub(super) unsafe fn from_raw<'a>(regs: *mut bindings::pt_regs) -> &'a Self {
        // SAFETY: The caller promises a live `pt_regs`; `Self` is transparent over it.
        unsafe { &*regs.cast() }
    }

    /// The function's `n`th argument, from 0, as a register holds it. Meaningful at entry only.
    #[inline]
    pub(crate) fn argument(&self, n: u32) -> usize {
        let regs = self.0.get();
        // SAFETY: `self` holds live registers; the kernel answers 0 for an `n` beyond the registers.
        unsafe {
            match n {
                // The one that every handler asks for, without a search.
                0 => bindings::tsoffset_regs_get_first_argument(regs) as usize,
                _ => bindings::tsoffset_regs_get_kernel_argument(regs, n) as usize,
            }
        }
    }

    /// The function's return value, as a register holds it. Meaningful at return only.
    #[inline]
    pub(crate) fn return_value(&self) -> usize {
        // SAFETY: `self` holds live registers.
        unsafe { bindings::tsoffset_regs_return_value(self.0.get()) as usize }
    }
}

/// A kernel function by name, with the types of its arguments.
///
/// # Safety
///
/// For a call of the kernel function called `SYMBOL`, `args` of the registers at its entry returns
/// values that are valid until that call returns.
pub(crate) unsafe trait Function {
    /// The function's name in kallsyms.
    const SYMBOL: &'static CStr;

    /// Its arguments, or those a handler needs; valid during the call.
    type Args<'call>: Copy;

    /// Reads the arguments.
    ///
    /// # Safety
    ///
    /// `regs` are those at the entry of a call of this function, which lasts for `'call`.
    unsafe fn args<'call>(regs: &Regs) -> Self::Args<'call>;
}
