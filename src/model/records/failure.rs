// SPDX-License-Identifier: GPL-2.0

//! The reason of a connection attempt that failed.

use crate::model::records::socket_event::errno;

/// Where an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// In the call, which returned the error.
    Call,
    /// After the call, in the handshake.
    Handshake,
}

impl Stage {
    /// Returns the name in every output.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Handshake => "handshake",
        }
    }
}

/// The reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Reason {
    /// The peer refused: by a reset, or by ICMP.
    Refused,
    /// No answer came in time.
    Timeout,
    /// A reset came after an answer of the peer.
    Reset,
    /// ICMP, or a failed neighbour discovery, reported that the peer is unreachable.
    Unreachable,
    /// This host has no route to the peer.
    NoRoute,
    /// This host has no free port, or no source address, for the peer.
    NoPort,
    /// A filter or a rule rejects the connection, on this host or by ICMP.
    Filtered,
    /// The socket was closed before an answer.
    Closed,
    /// Another error.
    Error,
}

impl Reason {
    /// All reasons, in the order of their numbers.
    pub(crate) const ALL: [Self; 9] = [
        Self::Refused,
        Self::Timeout,
        Self::Reset,
        Self::Unreachable,
        Self::NoRoute,
        Self::NoPort,
        Self::Filtered,
        Self::Closed,
        Self::Error,
    ];

    /// Returns the reason of a failure with this errno; 0: closed without an error.
    pub(crate) fn of(error: u32, stage: Stage) -> Self {
        match error {
            0 => Self::Closed,
            errno::ECONNREFUSED => Self::Refused,
            errno::ETIMEDOUT => Self::Timeout,
            errno::ECONNRESET => Self::Reset,
            errno::EHOSTUNREACH | errno::ENETUNREACH => match stage {
                Stage::Call => Self::NoRoute,
                Stage::Handshake => Self::Unreachable,
            },
            errno::EADDRNOTAVAIL => Self::NoPort,
            errno::EPERM | errno::EACCES => Self::Filtered,
            _ => Self::Error,
        }
    }

    /// Returns the name in every output.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Timeout => "timeout",
            Self::Reset => "reset",
            Self::Unreachable => "unreachable",
            Self::NoRoute => "no_route",
            Self::NoPort => "no_port",
            Self::Filtered => "filtered",
            Self::Closed => "closed",
            Self::Error => "error",
        }
    }
}
