// SPDX-License-Identifier: GPL-2.0

//! Newer interfaces of the kernel crate, for kernels whose crate lacks them.
//!
//! Only this directory depends on differences between kernel series. Each item has the name and the meaning of the
//! newest kernel crate, and re-exports the crate's item if that exists. `probe.mk` checks the sources of the tree and
//! sets a cfg for each item.

pub(crate) mod atomic;
mod c_str;
pub(crate) mod cpu;
pub(crate) mod errno;
pub(crate) mod file;
pub(crate) mod interrupt;
mod opaque;
pub(crate) mod rcu;
pub(crate) mod seq_file;
mod uaccess;
pub(crate) mod zeroed;

/// The kernel's prelude, with the missing items.
pub(crate) mod prelude {
    pub(crate) use kernel::{
        ffi::{
            c_int,
            c_uint,
            c_void, //
        },
        prelude::*, //
    };

    // The module's own macro, with parameters.
    pub(crate) use crate::abstractions::module_params::module;

    #[cfg(kernel_has_not_thread_safe)]
    pub(crate) use kernel::types::NotThreadSafe;

    /// A field of this type keeps a value on its thread.
    #[cfg(not(kernel_has_not_thread_safe))]
    pub(crate) type NotThreadSafe = core::marker::PhantomData<*mut ()>;

    // The crate's `CStr` is a separate type, and c"" literals do not have it.
    #[cfg(not(kernel_has_c_str_ext))]
    pub(crate) use super::c_str::{
        CStr,
        CStrExt as _, //
    };
    #[cfg(not(kernel_has_try_ffi_init))]
    pub(crate) use super::opaque::OpaqueExt as _;
    pub(crate) use super::seq_file::{
        seq_print,
        SeqFile, //
    };
    #[cfg(not(kernel_has_user_ptr))]
    pub(crate) use super::uaccess::UserPtrExt as _;
}
