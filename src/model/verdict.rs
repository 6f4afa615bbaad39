// SPDX-License-Identifier: GPL-2.0

//! The verdict on a connect's timestamp offset.

/// The verdict on one connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Verdict {
    /// The offset is the one that the kernel's SipHash yields.
    Match,
    /// The namespace's `tcp_timestamps` is not 1, and the offset is 0, as it has to be.
    Zero,
    /// No offset to compare with: a write of `tcp_timestamps` overlapped the call, `ip_dynaddr` lets the source
    /// address change, or the namespace is being removed.
    Changed,
    /// The offset differs from the one that the SipHash yields.
    Mismatch,
    /// The socket is in TCP_REPAIR mode: the kernel keeps the user's offset.
    Repair,
    /// Connect returned an error: no offset to compare.
    Failed,
    /// The offset differs from that of the hash function, which yields two offsets for one tuple: it is not the
    /// kernel's SipHash.
    Unjudged,
}

impl Verdict {
    /// All verdicts, in the order of their numbers.
    pub(crate) const ALL: [Self; 7] = [
        Self::Match,
        Self::Zero,
        Self::Changed,
        Self::Mismatch,
        Self::Repair,
        Self::Failed,
        Self::Unjudged,
    ];

    /// Returns the name in every output.
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

/// The observed values of one connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Observation {
    /// Return value of the call: 0 or a negative errno.
    pub(crate) error: i32,
    /// Whether the socket was in TCP_REPAIR mode.
    pub(crate) repair: bool,
    /// The socket's offset.
    pub(crate) offset: u32,
    /// The offset that the kernel's hash yields for the socket's tuple.
    pub(crate) expected: u32,
    /// `tcp_timestamps` of the namespace at entry.
    pub(crate) timestamps_at_entry: u8,
    /// `tcp_timestamps` of the namespace after the computation of `expected`.
    pub(crate) timestamps_at_return: u8,
}

impl Observation {
    /// Returns the values of a match with this offset: for the compiler, all but the offset are constants.
    #[inline(always)]
    pub(crate) fn of_match(offset: u32) -> Self {
        Self {
            error: 0,
            repair: false,
            offset,
            expected: offset,
            timestamps_at_entry: 1,
            timestamps_at_return: 1,
        }
    }

    /// Returns whether the verdict is "match". With `tcp_timestamps` 1, nearly all connects are matches: a handler asks
    /// for it first.
    #[inline(always)]
    pub(crate) fn is_match(&self) -> bool {
        self.error == 0
            && !self.repair
            && self.timestamps_at_entry == 1
            && self.timestamps_at_return == 1
            && self.offset == self.expected
    }

    /// Returns the verdict. `other` is the verdict for an offset that differs from `expected`: a mismatch, with three
    /// exceptions. A write of `tcp_timestamps` overlapped the call, its source address may have changed within it, or
    /// the hash is replaced. After two writes the value can be the same, although the kernel stored an offset for the
    /// value in between.
    #[inline]
    pub(crate) fn judge(&self, other: impl FnOnce() -> Verdict) -> Verdict {
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
            other()
        }
    }
}
