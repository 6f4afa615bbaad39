// SPDX-License-Identifier: GPL-2.0

//! Who is calling.
//!
//! C headers: [`include/linux/sched.h`](srctree/include/linux/sched.h),
//! [`include/linux/cred.h`](srctree/include/linux/cred.h)

use core::mem::offset_of;

use super::{
    compat::prelude::*,
    marked::read_once, //
};
use crate::bindings;

/// The current task, by what people know it by.
#[derive(Clone, Copy)]
pub(crate) struct Caller {
    /// Its number in the initial PID namespace.
    pub(crate) pid: u32,
    /// That of its process.
    pub(crate) tgid: u32,
    /// Its user in the initial user namespace.
    pub(crate) uid: u32,
    /// Its name, padded with zeroes.
    pub(crate) comm: [u8; 16],
}

impl Caller {
    /// The task that runs this. In an interrupt it would be the one that was interrupted.
    #[inline]
    pub(crate) fn current() -> Self {
        // SAFETY: There always is a current task.
        let task = unsafe { bindings::get_current() };
        // SAFETY: It lives, and its numbers do not change.
        unsafe {
            Self {
                pid: (*task).pid as u32,
                tgid: (*task).tgid as u32,
                // As the initial user namespace numbers it, which maps every number to itself (kernel/user.c). A
                // task's own credentials are replaced by itself only.
                uid: (*(*task).cred).uid.val,
                comm: comm(task),
            }
        }
    }
}

/// Lets others run in the middle of long work; `EINTR` where the current task is being killed. Process context, may sleep.
pub(crate) fn yield_now() -> Result {
    // SAFETY: Process context, in which the current task may sleep.
    unsafe { bindings::tsoffset_cond_resched() };
    // SAFETY: It looks at the current task.
    if unsafe { bindings::tsoffset_fatal_signal_pending() } {
        return Err(EINTR);
    }
    Ok(())
}

/// The user who answers for what the current task does, as the initial user namespace numbers users: its own, or within a user
/// namespace the creator of the outermost one. A user who maps many others into a namespace stays one.
///
/// Root creates the user namespaces of other people's containers: each of root's counts as a user of its own, unless its creator
/// lacked CAP_SETFCAP (`parent_could_setfcap`): creation needs no capability.
#[inline]
pub(crate) fn responsible_user() -> u32 {
    // SAFETY: There always is a current task. Its own credentials are replaced by itself only; they hold its namespace.
    unsafe {
        let cred = (*bindings::get_current()).cred;
        let namespace = (*cred).user_ns;
        if (*namespace).level == 0 {
            return (*cred).uid.val;
        }
        responsible_for(namespace)
    }
}

/// # Safety
///
/// The namespace lives, and is not the initial one.
#[cold]
#[inline(never)]
unsafe fn responsible_for(mut namespace: *const bindings::user_namespace) -> u32 {
    // SAFETY: The caller promises a live namespace. It holds its parents, of which there are 33 at the most (kernel/user_namespace.c).
    unsafe {
        while (*namespace).level > 1 {
            namespace = (*namespace).parent;
        }
        match (*namespace).owner.val {
            // From 0xf000_0000 on (fs/proc/generic.c), apart from most users' numbers.
            0 if (*namespace).parent_could_setfcap => (*namespace).ns.inum,
            owner => owner,
        }
    }
}

/// A task's name, in two words: byte by byte it takes a hundred instructions more.
///
/// # Safety
///
/// The task lives.
#[inline]
unsafe fn comm(task: *const bindings::task_struct) -> [u8; 16] {
    // As every kernel here has it; the numbers before it are words, too.
    const { assert!(offset_of!(bindings::task_struct, comm) % align_of::<u64>() == 0) };
    // SAFETY: The caller promises a live task, whose name has 16 bytes; aligned, as was just asserted. It may
    // change at any time and in pieces, but always ends within its array, whose last byte stays 0.
    let [low, high] = unsafe {
        let words = (&raw const (*task).comm).cast::<u64>();
        [read_once(words), read_once(words.add(1))]
    };
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&low.to_ne_bytes());
    bytes[8..].copy_from_slice(&high.to_ne_bytes());
    bytes
}
