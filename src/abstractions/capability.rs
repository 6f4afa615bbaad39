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

/// Whether the current task's credentials have `CAP_NET_ADMIN` in the user namespace that owns a network namespace. Task context,
/// preemption may be off: a probe handler may ask.
///
/// The rules are those of `cap_capable()` (security/commoncap.c). `ns_capable_noaudit()` also asks the LSMs, whose hooks allocate, audit
/// and take locks that sleep on PREEMPT_RT. A task that an LSM would refuse counts as capable here.
pub(crate) fn net_admin_of(net: Net<'_>) -> bool {
    // SAFETY: There always is a current task, whose own credentials are replaced by itself only. They hold their user namespace, the live
    // network namespace holds its own, and each user namespace holds its parents. The loop ends at the level of the credentials' namespace,
    // after 33 steps at the most (kernel/user_namespace.c).
    unsafe {
        let cred = (*bindings::get_current()).cred;
        let own = (*cred).user_ns.cast_const();
        let mut namespace = (*net.as_ptr()).user_ns.cast_const();
        while namespace != own {
            if (*namespace).level <= (*own).level {
                return false;
            }
            let parent = (*namespace).parent.cast_const();
            if parent == own && (*namespace).owner.val == (*cred).euid.val {
                return true;
            }
            namespace = parent;
        }
        (*cred).cap_effective.val & (1 << bindings::CAP_NET_ADMIN) != 0
    }
}
