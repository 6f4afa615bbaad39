// SPDX-License-Identifier: GPL-2.0

//! C strings with the interface that the kernel crate has since its switch to `core`'s type.
//!
//! For 6.12, whose crate has a type of its own.
#![cfg(not(kernel_has_c_str_ext))]

pub(crate) use core::ffi::CStr;

use kernel::ffi::c_char;

/// The kernel's extension of [`CStr`].
pub(crate) trait CStrExt {
    /// Returns a pointer to the kernel's `char`, which is unsigned on every architecture.
    fn as_char_ptr(&self) -> *const c_char;
}

impl CStrExt for CStr {
    fn as_char_ptr(&self) -> *const c_char {
        self.as_ptr().cast()
    }
}
