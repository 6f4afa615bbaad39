// SPDX-License-Identifier: GPL-2.0

//! The task that called connect, as records and events name it.

/// The calling task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Who {
    /// The task's ID in the initial PID namespace.
    pub(crate) pid: u32,
    /// The task's thread group ID in the initial PID namespace.
    pub(crate) tgid: u32,
    /// The task's user ID in the initial user namespace.
    pub(crate) uid: u32,
    /// The task's name, padded with zeroes.
    pub(crate) comm: [u8; 16],
    /// ID of the task's cgroup in the default hierarchy.
    pub(crate) cgroup: u64,
}

impl Who {
    /// Converts to words.
    #[inline]
    pub(crate) fn to_words(self) -> [u64; 5] {
        let comm = u128::from_ne_bytes(self.comm);
        [
            (u64::from(self.pid) << 32) | u64::from(self.tgid),
            self.uid.into(),
            comm as u64,
            (comm >> 64) as u64,
            self.cgroup,
        ]
    }

    /// Converts from words.
    pub(crate) fn from_words([ids, uid, low, high, cgroup]: [u64; 5]) -> Self {
        Self {
            pid: (ids >> 32) as u32,
            tgid: ids as u32,
            uid: uid as u32,
            comm: ((u128::from(high) << 64) | u128::from(low)).to_ne_bytes(),
            cgroup,
        }
    }
}
