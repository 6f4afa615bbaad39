// SPDX-License-Identifier: GPL-2.0

//! An attempt to connect, from its start on: kept until its outcome is known.

use crate::model::{records::who::Who, shares::Charge};

/// Words of an attempt in the table of pending handshakes.
pub(crate) const WORDS: usize = 7;

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
