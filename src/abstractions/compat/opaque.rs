// SPDX-License-Identifier: GPL-2.0

//! Initialization of a C structure by a C function that may fail. For 6.12, whose crate lacks it.
#![cfg(not(kernel_has_try_ffi_init))]

use kernel::{
    init::pin_init_from_closure,
    prelude::*,
    types::Opaque, //
};

/// The extension of [`Opaque`] in newer kernel crates.
pub(crate) trait OpaqueExt<T>: Sized {
    /// Initializes the value by `init`, which fills the memory at its argument unless it fails.
    fn try_ffi_init<E>(init: impl FnOnce(*mut T) -> Result<(), E>) -> impl PinInit<Self, E>;
}

impl<T> OpaqueExt<T> for Opaque<T> {
    fn try_ffi_init<E>(init: impl FnOnce(*mut T) -> Result<(), E>) -> impl PinInit<Self, E> {
        // SAFETY: An `Opaque` needs no initialization, so any outcome of `init` is valid. It is `!Unpin`, so it does
        // not move.
        unsafe { pin_init_from_closure(move |slot: *mut Self| init(Self::raw_get(slot))) }
    }
}
