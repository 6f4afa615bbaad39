// SPDX-License-Identifier: GPL-2.0

//! IDs of cgroups, in the default hierarchy (cgroup v2).
//!
//! C headers: [`include/linux/cgroup.h`](srctree/include/linux/cgroup.h),
//! [`include/linux/kernfs.h`](srctree/include/linux/kernfs.h)
//!
//! An ID is the number that `bpf_get_current_cgroup_id()` returns, and the inode number of the cgroup's directory.

use super::preempt::PreemptDisabled;
#[cfg(CONFIG_CGROUPS)]
use super::task::current;

/// Returns the ID of the current task's cgroup; 0 if the kernel has no cgroups. In an interrupt, this is the
/// interrupted task.
#[inline(always)]
pub(crate) fn current_id(_preempt: PreemptDisabled<'_>) -> u64 {
    #[cfg(CONFIG_CGROUPS)]
    // SAFETY: The current task always has a set of cgroups, which has a cgroup of the default hierarchy. With
    // preemption off, RCU keeps both. The C compiler reports where the pointers are.
    unsafe {
        let set = pointer(current().cast(), crate::bindings::layout::TASK_CGROUPS);
        id(pointer(set, crate::bindings::layout::CSS_SET_DFL_CGRP))
    }
    #[cfg(not(CONFIG_CGROUPS))]
    0
}

/// Returns the ID of a cgroup.
///
/// # Safety
///
/// `cgroup` points to a `struct cgroup` that lives during the call.
#[cfg(CONFIG_CGROUPS)]
#[inline(always)]
pub(crate) unsafe fn id(cgroup: *const u8) -> u64 {
    // SAFETY: The caller guarantees a live cgroup, which has a live directory. The C compiler reports where the fields
    // are.
    unsafe {
        let directory = pointer(cgroup, crate::bindings::layout::CGROUP_KN);
        super::marked::read_once(
            directory
                .add(crate::bindings::layout::KERNFS_NODE_ID)
                .cast::<u64>(),
        )
    }
}

/// Loads a pointer from a structure: `rcu_dereference()` on every architecture here, whose loads by a loaded address
/// come in order.
///
/// # Safety
///
/// The structure lives during the call, and has an aligned pointer at `offset`.
#[cfg(CONFIG_CGROUPS)]
#[inline(always)]
pub(crate) unsafe fn pointer(structure: *const u8, offset: usize) -> *const u8 {
    // SAFETY: The caller guarantees an aligned pointer there. The load is marked.
    unsafe { structure.add(offset).cast::<*const u8>().read_volatile() }
}
