// SPDX-License-Identifier: GPL-2.0

//! The verdict on the offset of an accepted connection.

/// The verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Accepted {
    /// The offset that the kernel's SipHash yields.
    Match,
    /// `tcp_timestamps` of the namespace is not 1, and the offset is 0.
    Zero,
    /// The offset is 0 where another is expected: the connection has no timestamps, or `tcp_timestamps` was not 1
    /// when it came in.
    Absent,
    /// A SYN cookie made the connection. Its offset is the expected one, or 0.
    SynCookie,
    /// The creator of the request socket chose another offset, as a BPF program does.
    Chosen,
    /// No verdict: the hash is replaced, `tcp_timestamps` is no longer 1, or the namespace is being removed.
    Unjudged,
}

impl Accepted {
    /// All verdicts, in the order of their numbers.
    pub(crate) const ALL: [Self; 6] = [
        Self::Match,
        Self::Zero,
        Self::Absent,
        Self::SynCookie,
        Self::Chosen,
        Self::Unjudged,
    ];

    /// Returns the verdict on an offset; `expected` is 0 if `tcp_timestamps` is not 1 now. `other` is the verdict if
    /// neither is 0 and they differ.
    pub(crate) fn judge(offset: u32, expected: u32, by_cookie: bool, other: Self) -> Self {
        if offset != expected && offset != 0 {
            if expected == 0 {
                Self::Unjudged
            } else {
                other
            }
        } else if by_cookie {
            Self::SynCookie
        } else if expected == 0 {
            Self::Zero
        } else if offset == 0 {
            Self::Absent
        } else {
            Self::Match
        }
    }

    /// Returns the name in every output.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::Zero => "zero",
            Self::Absent => "absent",
            Self::SynCookie => "syncookie",
            Self::Chosen => "chosen",
            Self::Unjudged => "unjudged",
        }
    }
}
