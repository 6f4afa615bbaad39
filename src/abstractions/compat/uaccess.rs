// SPDX-License-Identifier: GPL-2.0

//! User-space addresses. For 6.12, whose crate has numbers.
//!
//! C header: [`include/linux/uaccess.h`](srctree/include/linux/uaccess.h)
#![cfg(not(kernel_has_user_ptr))]

use kernel::{
    ffi::c_void,
    uaccess::UserPtr, //
};

/// The extension of [`UserPtr`] in newer kernel crates; here, the type is `usize`.
pub(crate) trait UserPtrExt {
    /// Converts a pointer from user space.
    fn from_ptr(pointer: *mut c_void) -> Self;
}

impl UserPtrExt for UserPtr {
    fn from_ptr(pointer: *mut c_void) -> Self {
        pointer as usize
    }
}
