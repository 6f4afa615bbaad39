// SPDX-License-Identifier: GPL-2.0

//! Addresses of users.
//!
//! C header: [`include/linux/uaccess.h`](srctree/include/linux/uaccess.h)
#![cfg(not(kernel_has_user_ptr))]

use kernel::{
    ffi::c_void,
    uaccess::UserPtr, //
};

/// What newer kernel crates add to [`UserPtr`], which here is a `usize`.
pub(crate) trait UserPtrExt {
    /// From a pointer that a user gave.
    fn from_ptr(pointer: *mut c_void) -> Self;
}

impl UserPtrExt for UserPtr {
    fn from_ptr(pointer: *mut c_void) -> Self {
        pointer as usize
    }
}
