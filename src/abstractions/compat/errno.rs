// SPDX-License-Identifier: GPL-2.0

//! Errors that are not in the kernel crate of every kernel.

use kernel::error::Error;

use crate::bindings;

/// `EOPNOTSUPP`.
pub(crate) fn not_supported() -> Error {
    Error::from_errno(-(bindings::EOPNOTSUPP as i32))
}

/// `ENODATA`.
pub(crate) fn no_data() -> Error {
    Error::from_errno(-(bindings::ENODATA as i32))
}
