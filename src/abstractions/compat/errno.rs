// SPDX-License-Identifier: GPL-2.0

//! Errors that the crate of 6.12 lacks.

use kernel::error::Error;

use crate::bindings;

/// Returns `EOPNOTSUPP`.
pub(crate) fn not_supported() -> Error {
    Error::from_errno(-(bindings::EOPNOTSUPP as i32))
}

/// Returns `ENODATA`.
pub(crate) fn no_data() -> Error {
    Error::from_errno(-(bindings::ENODATA as i32))
}
