// SPDX-License-Identifier: GPL-2.0

//! Capabilities of the current task.
//!
//! C header: [`include/linux/capability.h`](srctree/include/linux/capability.h)

use crate::bindings;

/// Whether the current task has `CAP_NET_ADMIN` in the initial user namespace.
///
/// Root of a container with a user namespace of its own has not. Process context only.
pub(crate) fn net_admin() -> bool {
    // SAFETY: Called in process context; the number is a capability's.
    unsafe { bindings::capable(bindings::CAP_NET_ADMIN as i32) }
}
