// SPDX-License-Identifier: GPL-2.0

//! Kernel functions with probes, and access to their arguments.
//!
//! C header: [`include/linux/ptrace.h`](srctree/include/linux/ptrace.h)

use kernel::types::Opaque;

use super::compat::prelude::*;
use crate::bindings;

/// The registers at a function's entry or return: `struct pt_regs`.
#[repr(transparent)]
pub(crate) struct PtRegs(Opaque<bindings::pt_regs>);

impl PtRegs {
    /// # Safety
    ///
    /// `regs` points to registers that do not change for `'a`.
    pub(super) unsafe fn from_raw<'a>(regs: *mut bindings::pt_regs) -> &'a Self {
        // SAFETY: The caller guarantees a live `pt_regs`; `Self` is transparent over it.
        unsafe { &*regs.cast() }
    }

    /// Returns the function's `n`th argument, from 0, as a register value. Valid at entry only.
    #[inline]
    pub(crate) fn argument(&self, n: u32) -> usize {
        // The calling convention of the kernel's regs_get_kernel_argument() (arch/x86/include/asm/ptrace.h). Inlined:
        // a call for each argument costs handlers that do not use it, too.
        #[cfg(CONFIG_X86_64)]
        {
            // SAFETY: `self` holds live registers.
            let regs = unsafe { &*self.0.get() };
            let value = match n {
                0 => regs.di,
                1 => regs.si,
                2 => regs.dx,
                3 => regs.cx,
                4 => regs.r8,
                5 => regs.r9,
                _ => 0,
            };
            word(value)
        }
        #[cfg(not(CONFIG_X86_64))]
        // SAFETY: `self` holds live registers; the kernel returns 0 for an `n` beyond the registers.
        unsafe {
            bindings::tsoffset_regs_get_kernel_argument(self.0.get(), n) as usize
        }
    }

    /// Returns the function's return value, as a register value. Valid at return only.
    #[inline]
    pub(crate) fn return_value(&self) -> usize {
        #[cfg(CONFIG_X86_64)]
        // SAFETY: `self` holds live registers.
        unsafe {
            word((*self.0.get()).ax)
        }
        #[cfg(not(CONFIG_X86_64))]
        // SAFETY: `self` holds live registers.
        unsafe {
            bindings::tsoffset_regs_return_value(self.0.get()) as usize
        }
    }
}

/// Converts the kernel's `unsigned long`, which has another Rust type before Linux 6.14.
#[cfg(CONFIG_X86_64)]
#[allow(clippy::unnecessary_cast)]
#[inline(always)]
fn word(value: kernel::ffi::c_ulong) -> usize {
    value as usize
}

/// A return value that a handler gets.
pub(crate) trait ReturnValue: Copy {
    /// # Safety
    ///
    /// A call of a [`ProbeTarget`] with this `Return` returns `value`, and its caller has not yet run on.
    unsafe fn from_register(value: usize) -> Self;
}

impl ReturnValue for usize {
    #[inline(always)]
    unsafe fn from_register(value: usize) -> Self {
        value
    }
}

/// A kernel function by name, with the types of its arguments and of its return value.
///
/// # Safety
///
/// For a call of the kernel function `SYMBOL`, `args` of the registers at its entry returns values that are valid
/// until that call returns. `Return` is for values that `SYMBOL` returns.
pub(crate) unsafe trait ProbeTarget {
    /// The function's name in kallsyms.
    const SYMBOL: &'static CStr;

    /// The arguments, or those that a handler needs; valid during the call.
    type Args<'call>: Copy;

    /// The return value, as a handler gets it; valid while the call returns.
    type Return<'call>: ReturnValue;

    /// Reads the arguments.
    ///
    /// # Safety
    ///
    /// `regs` are those at the entry of a call of this function, which lasts for `'call`.
    unsafe fn args<'call>(regs: &PtRegs) -> Self::Args<'call>;
}

/// Implements [`ProbeTarget`]: symbol, types of the arguments and of the return value, and the arguments' value from the
/// registers at entry. A comment before the macro states how the implementation is safe.
macro_rules! probe_target {
    (unsafe $target:ident = $symbol:literal: for<$call:lifetime> $args:ty => $return:ty, |$regs:ident| $value:expr) => {
        // SAFETY: The user of the macro states it.
        unsafe impl $crate::abstractions::probe_target::ProbeTarget for $target {
            const SYMBOL: &'static $crate::abstractions::compat::prelude::CStr = $symbol;

            type Args<$call> = $args;
            type Return<$call> = $return;

            #[inline]
            unsafe fn args<$call>(
                $regs: &$crate::abstractions::probe_target::PtRegs,
            ) -> Self::Args<$call> {
                $value
            }
        }
    };
}
pub(crate) use probe_target;
