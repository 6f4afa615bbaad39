// SPDX-License-Identifier: GPL-2.0

//! An attempt to connect, from its start on: kept until its outcome is known.

use crate::model::shares::Charge;

/// Words of an attempt in the table of pending handshakes.
pub(crate) const WORDS: usize = 7;

/// The task that called connect.
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

/// An attempt to connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Attempt {
    /// `CLOCK_BOOTTIME` of its start, in nanoseconds.
    pub(crate) start: u64,
    /// The calling task.
    pub(crate) who: Who,
    /// The cookie of the MPTCP socket to which the subflow belongs; 0: no subflow, or unknown.
    pub(crate) parent: u64,
    /// The charge of its slot to the user.
    pub(crate) charge: Charge,
}

impl Attempt {
    /// Converts to the words of the table.
    #[inline]
    pub(crate) fn to_words(self) -> [u64; WORDS] {
        let [ids, uid, low, high, cgroup] = self.who.to_words();
        // A user ID has 32 bits.
        let uid = (u64::from(self.charge.number()) << 32) | uid;
        [self.start, ids, uid, low, high, cgroup, self.parent]
    }

    /// Converts from the words of the table.
    pub(crate) fn from_words([start, ids, uid, low, high, cgroup, parent]: [u64; WORDS]) -> Self {
        Self {
            start,
            who: Who::from_words([ids, uid, low, high, cgroup]),
            parent,
            charge: Charge::from_number((uid >> 32) as u32),
        }
    }
}
