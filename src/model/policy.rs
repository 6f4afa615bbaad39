// SPDX-License-Identifier: GPL-2.0

//! The timestamp offset policy of a namespace.

/// The offset policy that `net.ipv4.tcp_timestamps` selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Policy {
    /// The kernel sends no timestamps.
    Off,
    /// Every connection has its own offset: a hash of addresses and ports.
    PerConnection,
    /// The kernel sends timestamps without offset.
    Zero,
}

impl Policy {
    /// Returns the policy for a value of the sysctl.
    pub(crate) fn from_tcp_timestamps(value: u8) -> Self {
        match value {
            0 => Self::Off,
            1 => Self::PerConnection,
            _ => Self::Zero,
        }
    }

    /// Returns the name in `stats`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::PerConnection => "per-connection",
            Self::Zero => "zero",
        }
    }
}
