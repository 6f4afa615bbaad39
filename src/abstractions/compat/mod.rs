// SPDX-License-Identifier: GPL-2.0

//! The kernel crate's newer interfaces, on kernels whose crate lacks them.
//!
//! This is the only place that knows what differs between kernel series. Everything here has the name
//! and the meaning that it has in the newest kernel crate, and is that one where it exists: `probe.mk`
//! looks at the tree's own sources and decides with a cfg for each.

mod c_str;
pub(crate) mod errno;
pub(crate) mod interrupt;
mod opaque;
pub(crate) mod rcu;
pub(crate) mod seq_file;
mod uaccess;

/// The kernel's prelude, completed.
pub(crate) mod prelude {
    pub(crate) use kernel::{
        ffi::{
            c_int,
            c_uint,
            c_void, //
        },
        prelude::*, //
    };

    // With parameters that are ours.
    pub(crate) use crate::abstractions::module_params::module;

    // Theirs is a type of its own, and c"" literals are not of it.
    #[cfg(not(kernel_has_c_str_ext))]
    pub(crate) use super::c_str::{
        CStr,
        CStrExt as _, //
    };
    #[cfg(not(kernel_has_try_ffi_init))]
    pub(crate) use super::opaque::OpaqueExt as _;
    #[cfg(not(kernel_has_user_ptr))]
    pub(crate) use super::uaccess::UserPtrExt as _;
}
