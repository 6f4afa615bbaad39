// SPDX-License-Identifier: GPL-2.0

//! The kinds of events.

use crate::model::records::socket_event::What;

/// The kind of an event, as `events` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A connect returned.
    Connect,
    /// A handshake ended.
    Outcome,
    /// A socket was closed with another offset than the kernel's.
    Rewritten,
    /// An attempt to connect failed.
    Failed,
    /// A listener's connection was established.
    Accepted,
}

impl Event {
    /// All kinds, in the order of their numbers.
    pub(crate) const ALL: [Self; 5] = [
        Self::Connect,
        Self::Outcome,
        Self::Rewritten,
        Self::Failed,
        Self::Accepted,
    ];

    /// Returns the kind of a socket event.
    pub(crate) fn of(what: &What) -> Self {
        match what {
            What::Ended { .. } => Self::Outcome,
            What::Rewritten { .. } => Self::Rewritten,
            What::Failed { .. } => Self::Failed,
            What::Accepted { .. } => Self::Accepted,
        }
    }

    /// Returns the name in every output.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Outcome => "outcome",
            Self::Rewritten => "rewritten",
            Self::Failed => "failed",
            Self::Accepted => "accepted",
        }
    }
}
