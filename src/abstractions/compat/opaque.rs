// SPDX-License-Identifier: GPL-2.0

//! Initializing a C structure by a C function that may fail.
#![cfg(not(kernel_has_try_ffi_init))]

use kernel::{
    init::pin_init_from_closure,
    prelude::*,
    types::Opaque, //
};

/// What newer kernel crates add to [`Opaque`].
pub(crate) trait OpaqueExt<T>: Sized {
    /// Initializes by `init`, which gets the place and, unless it fails, has filled it.
    fn try_ffi_init<E>(init: impl FnOnce(*mut T) -> Result<(), E>) -> impl PinInit<Self, E>;
}

impl<T> OpaqueExt<T> for Opaque<T> {
    fn try_ffi_init<E>(init: impl FnOnce(*mut T) -> Result<(), E>) -> impl PinInit<Self, E> {
        // SAFETY: An `Opaque` needs no initialization, so that any outcome is one; it is not moved, as
        // it is `!Unpin`.
        unsafe { pin_init_from_closure(move |slot: *mut Self| init(Self::raw_get(slot))) }
    }
}
