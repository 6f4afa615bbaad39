// SPDX-License-Identifier: GPL-2.0

//! The family of a connection.

/// The family, of the socket and of its packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Family {
    /// TCP over IPv6.
    V6,
    /// TCP over IPv4, by a socket of IPv6: the destination is v4-mapped.
    V4Mapped,
    /// TCP over IPv4, by a socket of IPv4.
    V4,
}

impl Family {
    /// All families, in the order of their numbers.
    pub(crate) const ALL: [Self; 3] = [Self::V6, Self::V4Mapped, Self::V4];

    /// Returns the name in every output.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::V6 => "v6",
            Self::V4Mapped => "v4mapped",
            Self::V4 => "v4",
        }
    }
}
