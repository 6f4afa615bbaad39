// SPDX-License-Identifier: GPL-2.0

//! C structures of all zeroes, as constants.
//!
//! For 6.12, whose crate declares C structures without `Zeroable`, and has no function that returns a zeroed value.

#[cfg(kernel_has_zeroed)]
pub(crate) use pin_init::zeroed;

#[cfg(not(kernel_has_zeroed))]
pub(crate) use fallback::zeroed;

#[cfg(not(kernel_has_zeroed))]
mod fallback {
    use crate::bindings;

    /// A type with a value of all zeroes.
    ///
    /// # Safety
    ///
    /// All zeroes is a valid bit pattern of the type.
    pub(crate) unsafe trait Zeroable {}

    // SAFETY: Its members are pointers, integers and optional functions.
    unsafe impl Zeroable for bindings::ctl_table {}
    // SAFETY: As above.
    unsafe impl Zeroable for bindings::pernet_operations {}
    // SAFETY: As above.
    unsafe impl Zeroable for bindings::proc_ops {}

    /// Returns a value of all zeroes.
    pub(crate) const fn zeroed<T: Zeroable>() -> T {
        // SAFETY: The trait guarantees it.
        unsafe { core::mem::zeroed() }
    }
}
