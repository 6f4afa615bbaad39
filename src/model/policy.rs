// SPDX-License-Identifier: GPL-2.0

//! How a namespace chooses its timestamp offsets.

/// What `net.ipv4.tcp_timestamps` means for the offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Policy {
    /// No timestamps are sent.
    Off,
    /// Every connection has an offset of its own: addresses and ports are hashed.
    PerConnection,
    /// Timestamps are sent without offset.
    Zero,
}

impl Policy {
    /// From the sysctl's value.
    pub(crate) fn from_tcp_timestamps(value: u8) -> Self {
        match value {
            0 => Self::Off,
            1 => Self::PerConnection,
            _ => Self::Zero,
        }
    }

    /// Its name in `stats`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::PerConnection => "per-connection",
            Self::Zero => "zero",
        }
    }
}
