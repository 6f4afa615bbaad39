// SPDX-License-Identifier: GPL-2.0

//! Capabilities of the current task.
//!
//! C header: [`include/linux/capability.h`](srctree/include/linux/capability.h)

use super::net::Net;
use crate::bindings;

/// Whether the current task has `CAP_NET_ADMIN` in the initial user namespace.
///
/// Root of a container with a user namespace of its own has not. Process context only.
pub(crate) fn net_admin() -> bool {
    // SAFETY: Called in process context; the number is a capability's.
    unsafe { bindings::capable(bindings::CAP_NET_ADMIN as i32) }
}

/// Whether the current task has `CAP_NET_ADMIN` in the user namespace that owns a network namespace. Task context, a
/// probe handler's too: it neither sleeps nor is audited.
pub(crate) fn net_admin_of(net: Net<'_>) -> bool {
    // SAFETY: The namespace is live and holds its user namespace; the number is a capability's.
    unsafe { bindings::ns_capable_noaudit((*net.as_ptr()).user_ns, bindings::CAP_NET_ADMIN as i32) }
}
