// SPDX-License-Identifier: GPL-2.0

//! What a connect's timestamp offset is found to be.

/// The finding about one connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Verdict {
    /// The offset is the one the kernel's SipHash yields.
    Match,
    /// The namespace's `tcp_timestamps` is not 1, so that the offset has to be 0, and it is.
    Zero,
    /// `tcp_timestamps` was written during the call, or `ip_dynaddr` lets the source address change: nothing to compare with.
    Changed,
    /// The offset is not the one the SipHash yields.
    Mismatch,
    /// The socket is in TCP_REPAIR mode: the kernel leaves the offset as the user set it.
    Repair,
    /// Connect returned an error: nothing to compare.
    Failed,
    /// The offset is not the one the function yields, which disagrees with itself: it is not the kernel's SipHash.
    Unjudged,
}

impl Verdict {
    /// All of them, in the order of their numbers.
    pub(crate) const ALL: [Self; 7] = [
        Self::Match,
        Self::Zero,
        Self::Changed,
        Self::Mismatch,
        Self::Repair,
        Self::Failed,
        Self::Unjudged,
    ];

    /// Its name in every output.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::Zero => "zero",
            Self::Changed => "changed",
            Self::Mismatch => "mismatch",
            Self::Repair => "repair",
            Self::Failed => "failed",
            Self::Unjudged => "unjudged",
        }
    }
}

/// What was seen of one connect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Observation {
    /// What the call returned: 0 or a negative errno.
    pub(crate) error: i32,
    /// Whether the socket was in TCP_REPAIR mode.
    pub(crate) repair: bool,
    /// The offset the socket carries.
    pub(crate) offset: u32,
    /// The offset the kernel computes for its tuple.
    pub(crate) expected: u32,
    /// `tcp_timestamps` of the namespace when the call began.
    pub(crate) timestamps_at_entry: u8,
    /// The same after `expected` was computed.
    pub(crate) timestamps_at_return: u8,
    /// What it is where the offset is not the expected one: a mismatch, unless a write of `tcp_timestamps` overlapped the call, its source
    /// address may have changed within, or the hash is replaced. Two writes can leave the value as it was and still have had the kernel
    /// store an offset for the one between.
    pub(crate) other: Verdict,
}

impl Observation {
    /// The verdict.
    #[inline]
    pub(crate) fn judge(&self) -> Verdict {
        if self.error != 0 {
            Verdict::Failed
        } else if self.repair {
            Verdict::Repair
        } else if self.timestamps_at_entry != self.timestamps_at_return {
            Verdict::Changed
        } else if self.offset == self.expected {
            if self.timestamps_at_return == 1 {
                Verdict::Match
            } else {
                Verdict::Zero
            }
        } else {
            self.other
        }
    }
}
