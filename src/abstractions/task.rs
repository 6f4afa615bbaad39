// SPDX-License-Identifier: GPL-2.0

//! The calling task.
//!
//! The kernel crate's `current!()` and `Task::uid()` call a C function each. A probe handler asks at each connect.
//!
//! C headers: [`include/linux/sched.h`](srctree/include/linux/sched.h),
//! [`include/linux/cred.h`](srctree/include/linux/cred.h)

use core::mem::offset_of;

use super::{
    compat::prelude::*,
    marked::read_once,
    net::Net, //
};
use crate::bindings;

/// The identity of the current task.
#[derive(Clone, Copy)]
pub(crate) struct Caller {
    /// The thread's ID in the initial PID namespace.
    pub(crate) pid: u32,
    /// The thread group's ID in the initial PID namespace.
    pub(crate) tgid: u32,
    /// The user's ID in the initial user namespace.
    pub(crate) uid: u32,
    /// The task's name, padded with zeroes.
    pub(crate) comm: [u8; 16],
}

impl Caller {
    /// Returns the current task. In an interrupt, this is the interrupted task.
    #[inline]
    pub(crate) fn current() -> Self {
        let task = current();
        // SAFETY: The task is live. Only the task's own exec changes its IDs.
        unsafe {
            Self {
                pid: (*task).pid as u32,
                tgid: (*task).tgid as u32,
                // A value of the initial user namespace, which maps every ID to itself (kernel/user.c). Only the task
                // itself replaces its credentials.
                uid: (*(*task).cred).uid.val,
                comm: comm(task),
            }
        }
    }
}

/// Lets other tasks run during long work. Fails with `EINTR` if the current task is being killed. Process context,
/// may sleep.
pub(crate) fn yield_now() -> Result {
    // SAFETY: Process context, in which the current task may sleep.
    unsafe { bindings::tsoffset_cond_resched() };
    // SAFETY: The function reads the current task only.
    if unsafe { bindings::tsoffset_fatal_signal_pending() } {
        return Err(EINTR);
    }
    Ok(())
}

/// Returns the current task: `get_current()` of x86 (arch/x86/include/asm/current.h), without a call.
#[cfg(kernel_has_current_task)]
#[inline(always)]
pub(super) fn current() -> *const bindings::task_struct {
    let task: *const bindings::task_struct;
    // SAFETY: It loads a word that every CPU has. For a task, the word does not change.
    unsafe {
        core::arch::asm!(
            "mov {}, qword ptr gs:[rip + current_task]",
            out(reg) task,
            options(nostack, preserves_flags, pure, readonly)
        );
    }
    task
}

/// Returns the current task, by a C function of the kernel.
#[cfg(not(kernel_has_current_task))]
#[inline(always)]
pub(super) fn current() -> *const bindings::task_struct {
    // SAFETY: There always is a current task.
    unsafe { bindings::get_current() }
}

/// Returns the user that is responsible for the current task, by its ID in the initial user namespace. This is the
/// task's own user, or in a user namespace the creator of the outermost one. So all users that one user maps into a
/// namespace count as that user.
///
/// Root creates the user namespaces of other people's containers. So each of root's counts as a separate user, unless
/// its creator lacked CAP_SETFCAP (`parent_could_setfcap`): the creation needs no capability.
#[inline]
pub(crate) fn responsible_user() -> u32 {
    // SAFETY: There is always a current task. Only the task itself replaces its credentials, which hold their
    // namespace.
    unsafe {
        let cred = (*current()).cred;
        let namespace = (*cred).user_ns;
        if (*namespace).level == 0 {
            return (*cred).uid.val;
        }
        responsible_for(namespace)
    }
}

/// Returns whether the current task is a kernel thread. A thread of io_uring or vhost is none: it has its user's
/// credentials.
#[inline]
pub(crate) fn is_kernel_thread() -> bool {
    // SAFETY: There is always a current task. Only the task itself writes these flags.
    unsafe { (*current()).flags & bindings::PF_KTHREAD != 0 }
}

/// Returns the user that is responsible for a call in a network namespace: of a user's task as [`responsible_user`]. Of
/// a kernel thread it is the owner of the namespace, and `user_of_socket` in the initial user namespace. MPTCP connects
/// later subflows in a worker, for any user.
#[inline]
pub(crate) fn responsible_for_call(net: Net<'_>, user_of_socket: impl FnOnce() -> u32) -> u32 {
    if is_kernel_thread() {
        owner_of(net).unwrap_or_else(user_of_socket)
    } else {
        responsible_user()
    }
}

/// Returns the user that is responsible for a network namespace of another user namespace than the initial one.
#[cold]
#[inline(never)]
fn owner_of(net: Net<'_>) -> Option<u32> {
    let namespace = net.user_ns();
    // SAFETY: A live network namespace holds its user namespace.
    unsafe { ((*namespace).level != 0).then(|| responsible_for(namespace)) }
}

/// # Safety
///
/// The namespace is live, and is not the initial one.
#[cold]
#[inline(never)]
unsafe fn responsible_for(mut namespace: *const bindings::user_namespace) -> u32 {
    // SAFETY: The caller guarantees a live namespace. It holds its parents, at most 33 (kernel/user_namespace.c). The
    // offsets are those of the C compiler.
    unsafe {
        while (*namespace).level > 1 {
            namespace = (*namespace).parent;
        }
        // These fields are in a `struct ns_common`, or behind one: see `Net::field`.
        let could_setfcap = namespace
            .byte_add(bindings::layout::USER_NAMESPACE_PARENT_COULD_SETFCAP)
            .cast::<bool>();
        let inum = namespace
            .byte_add(bindings::layout::USER_NAMESPACE_INUM)
            .cast::<u32>();
        match (*namespace).owner.val {
            // Inode numbers start at 0xf000_0000 (fs/proc/generic.c), apart from most users' IDs.
            0 if could_setfcap.read() => inum.read(),
            owner => owner,
        }
    }
}

/// Returns a task's name, by two loads of a word: byte loads take a hundred more instructions.
///
/// # Safety
///
/// The task is live.
#[inline]
unsafe fn comm(task: *const bindings::task_struct) -> [u8; 16] {
    // True for every kernel here: the fields before `comm` are words, too.
    const { assert!(offset_of!(bindings::task_struct, comm) % align_of::<u64>() == 0) };
    // SAFETY: The caller guarantees a live task. Its name has 16 bytes, with the alignment asserted above. The name
    // can change at any time and in parts, but its last byte stays 0.
    let [low, high] = unsafe {
        let words = (&raw const (*task).comm).cast::<u64>();
        [read_once(words), read_once(words.add(1))]
    };
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&low.to_ne_bytes());
    bytes[8..].copy_from_slice(&high.to_ne_bytes());
    bytes
}
