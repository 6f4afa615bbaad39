// SPDX-License-Identifier: GPL-2.0

//! Capabilities of the current task.
//!
//! C header: [`include/linux/capability.h`](srctree/include/linux/capability.h)

use super::{
    net::Net,
    task::current, //
};
use crate::bindings;

/// Returns whether the current task has `CAP_NET_ADMIN` in the initial user namespace.
///
/// Root of a container with its own user namespace does not have it. Process context only.
pub(crate) fn net_admin() -> bool {
    // SAFETY: Process context; the number is that of a capability.
    unsafe { bindings::capable(bindings::CAP_NET_ADMIN as i32) }
}

/// Returns whether the current task's credentials have `CAP_NET_ADMIN` in the user namespace that owns a network
/// namespace. Task context, preemption may be off: a probe handler may call it.
///
/// The rules are those of `cap_capable()` (security/commoncap.c). `ns_capable_noaudit()` also calls the LSMs, whose
/// hooks allocate, audit and take locks that sleep on PREEMPT_RT. A task that an LSM would reject counts as capable
/// here.
pub(crate) fn net_admin_of(net: Net<'_>) -> bool {
    // SAFETY: There is always a current task, and only the task itself replaces its credentials. The credentials hold
    // their user namespace, and the live network namespace holds its own. Each user namespace holds its parents. The
    // loop ends at the level of the credentials' namespace, after at most 33 steps (kernel/user_namespace.c).
    unsafe {
        let cred = (*current()).cred;
        let own = (*cred).user_ns.cast_const();
        let mut namespace = net.user_ns();
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
