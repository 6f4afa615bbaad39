// SPDX-License-Identifier: GPL-2.0

//! Who is calling.
//!
//! C headers: [`include/linux/sched.h`](srctree/include/linux/sched.h),
//! [`include/linux/cred.h`](srctree/include/linux/cred.h)

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
        // SAFETY: It lives, and its numbers do not change. The name may, at any time and in pieces, but it
        // always ends within its array, whose last byte stays 0.
        unsafe {
            Self {
                pid: (*task).pid as u32,
                tgid: (*task).tgid as u32,
                uid: bindings::tsoffset_current_uid(),
                comm: (&raw const (*task).comm).cast::<[u8; 16]>().read_volatile(),
            }
        }
    }
}
