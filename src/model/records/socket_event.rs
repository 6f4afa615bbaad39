// SPDX-License-Identifier: GPL-2.0

//! Events of a socket beside its connect: the end of the handshake, a failed attempt, and a rewritten offset.

use crate::model::records::{
    accepted::Accepted,
    failure::{Reason, Stage},
    family::Family,
    merge::Sequenced,
    who::Who,
};

/// Words of a socket event in the ring.
pub(crate) const WORDS: usize = 15;

/// Errors of connects, by their numbers in include/uapi/asm-generic/errno.h. `tcp::set_state` compares them with
/// the kernel's constants.
pub(crate) mod errno {
    pub(crate) const EPERM: u32 = 1;
    pub(crate) const EACCES: u32 = 13;
    pub(crate) const EADDRNOTAVAIL: u32 = 99;
    pub(crate) const ENETUNREACH: u32 = 101;
    pub(crate) const ECONNRESET: u32 = 104;
    pub(crate) const ETIMEDOUT: u32 = 110;
    pub(crate) const ECONNREFUSED: u32 = 111;
    pub(crate) const EHOSTUNREACH: u32 = 113;
}

/// The end of a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Outcome {
    /// The connection is established.
    Established,
    /// The peer refused: by a reset, or by ICMP.
    Refused,
    /// No answer came in time.
    Timeout,
    /// A reset came after an answer of the peer.
    Reset,
    /// ICMP reported that the peer is unreachable.
    Unreachable,
    /// Another error.
    Error,
    /// No error: the socket was closed before an answer, or the call itself failed.
    Closed,
}

impl Outcome {
    /// All outcomes, in the order of their numbers.
    pub(crate) const ALL: [Self; 7] = [
        Self::Established,
        Self::Refused,
        Self::Timeout,
        Self::Reset,
        Self::Unreachable,
        Self::Error,
        Self::Closed,
    ];

    /// Returns the outcome of a socket or a call with this errno; 0: closed without an error.
    pub(crate) fn of(error: u32) -> Self {
        match error {
            0 => Self::Closed,
            errno::ECONNREFUSED => Self::Refused,
            errno::ETIMEDOUT => Self::Timeout,
            errno::ECONNRESET => Self::Reset,
            errno::EHOSTUNREACH | errno::ENETUNREACH => Self::Unreachable,
            _ => Self::Error,
        }
    }

    /// Returns the name in every output.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Established => "established",
            Self::Refused => "refused",
            Self::Timeout => "timeout",
            Self::Reset => "reset",
            Self::Unreachable => "unreachable",
            Self::Error => "error",
            Self::Closed => "closed",
        }
    }
}

/// The kind of a socket event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// The handshake ended.
    Ended {
        /// The outcome.
        outcome: Outcome,
        /// The socket's error, an errno; 0 for none.
        error: u16,
        /// Nanoseconds since the socket began to connect; `None` if unknown.
        handshake: Option<u64>,
    },
    /// An attempt to connect failed.
    Failed {
        /// The reason.
        reason: Reason,
        /// Where it failed.
        stage: Stage,
        /// The error of the call or of the socket, an errno; 0 for none.
        error: u16,
        /// Nanoseconds since its start; `None` if unknown.
        duration: Option<u64>,
        /// The calling task; `None` if unknown.
        who: Option<Who>,
        /// The user: the task's, or if that is unknown, the creator of the socket. In the initial user namespace.
        uid: u32,
    },
    /// A listener's connection was established.
    Accepted {
        /// The verdict on its offset.
        verdict: Accepted,
        /// The socket's offset.
        offset: u32,
        /// The offset that the kernel's hash yields for the socket's tuple.
        expected: u32,
        /// Nanoseconds since the answer to the SYN; `None` if unknown.
        handshake: Option<u64>,
    },
    /// The socket was closed with another offset than the kernel's hash yields.
    Rewritten {
        /// The socket's offset.
        offset: u32,
        /// The offset that the kernel's hash yields for the socket's tuple.
        expected: u32,
    },
}

/// The ends of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FourTuple {
    /// Inode number of the socket's network namespace, as in `/proc/PID/ns/net`.
    pub(crate) netns: u32,
    /// Source address, in network byte order; v4-mapped for TCP over IPv4.
    pub(crate) source: [u8; 16],
    /// Destination address, in network byte order; v4-mapped for TCP over IPv4.
    pub(crate) destination: [u8; 16],
    /// Source port, in host byte order.
    pub(crate) source_port: u16,
    /// Destination port, in host byte order.
    pub(crate) destination_port: u16,
}

/// A socket event. The cookie identifies its connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SocketEvent {
    /// `CLOCK_BOOTTIME` in nanoseconds.
    pub(crate) time: u64,
    /// The socket's cookie, as in the record of its connect.
    pub(crate) cookie: u64,
    /// ID of the socket's cgroup in the default hierarchy; of a failed attempt whose task is known, that of the task.
    pub(crate) cgroup: u64,
    /// The cookie of the MPTCP socket to which the subflow belongs; 0: no subflow, or unknown.
    pub(crate) parent: u64,
    /// The family of the connection.
    pub(crate) family: Family,
    /// The ends of the connection.
    pub(crate) ends: FourTuple,
    /// The kind of event.
    pub(crate) what: What,
}

/// Marks an unknown duration.
const UNKNOWN: u64 = u64::MAX;

/// Marks a rewritten offset, in the bits of the outcome's number.
const REWRITTEN: u64 = 0xff;

/// Marks a failed attempt, in the same bits, before the reason's number.
const FAILED: u64 = 0x40;

/// Marks an accepted connection, in the same bits, before the verdict's number.
const ACCEPTED: u64 = 0x80;

/// Bits of a failed attempt, above those of the errno.
const IN_CALL: u64 = 1 << 24;
const WHO_IS_KNOWN: u64 = 1 << 25;

impl SocketEvent {
    /// Converts to the words of the ring.
    #[inline]
    pub(crate) fn to_words(self) -> [u64; WORDS] {
        let halves = |bytes: [u8; 16]| {
            let all = u128::from_be_bytes(bytes);
            [(all >> 64) as u64, all as u64]
        };
        let [source, destination] = [halves(self.ends.source), halves(self.ends.destination)];
        let (kind, detail) = match self.what {
            What::Ended {
                outcome,
                error,
                handshake,
            } => (
                (u64::from(error) << 8) | outcome as u64,
                handshake.unwrap_or(UNKNOWN),
            ),
            What::Failed {
                reason,
                stage,
                error,
                duration,
                who,
                ..
            } => {
                let mut kind = (u64::from(error) << 8) | FAILED | reason as u64;
                if stage == Stage::Call {
                    kind |= IN_CALL;
                }
                if who.is_some() {
                    kind |= WHO_IS_KNOWN;
                }
                (kind, duration.unwrap_or(UNKNOWN))
            }
            What::Accepted {
                verdict,
                offset,
                expected,
                ..
            } => (
                ACCEPTED | verdict as u64,
                (u64::from(offset) << 32) | u64::from(expected),
            ),
            What::Rewritten { offset, expected } => {
                (REWRITTEN, (u64::from(offset) << 32) | u64::from(expected))
            }
        };
        let [ids, uid, low, high, _] = match self.what {
            What::Failed { who, uid, .. } => {
                let [ids, _, low, high, _] = who.map_or([0; 5], Who::to_words);
                [ids, uid.into(), low, high, 0]
            }
            What::Accepted { handshake, .. } => [handshake.unwrap_or(UNKNOWN), 0, 0, 0, 0],
            _ => [0; 5],
        };
        [
            self.time,
            self.cookie,
            source[0],
            source[1],
            destination[0],
            destination[1],
            (u64::from(self.ends.netns) << 32)
                | (u64::from(self.ends.source_port) << 16)
                | u64::from(self.ends.destination_port),
            kind,
            detail,
            self.cgroup,
            self.parent,
            ids,
            ((self.family as u64) << 32) | uid,
            low,
            high,
        ]
    }
}

impl Sequenced<WORDS> for SocketEvent {
    fn from_words(words: &[u64; WORDS]) -> Self {
        let whole =
            |high: u64, low: u64| ((u128::from(high) << 64) | u128::from(low)).to_be_bytes();
        let [kind, detail] = [words[7], words[8]];
        let number = kind & 0xff;
        let error = (kind >> 8) as u16;
        let accepted = Accepted::ALL.get(number.wrapping_sub(ACCEPTED) as usize);
        let duration = (detail != UNKNOWN).then_some(detail);
        let what = match (
            Outcome::ALL.get(number as usize),
            Reason::ALL.get(number.wrapping_sub(FAILED) as usize),
        ) {
            (Some(&outcome), _) => What::Ended {
                outcome,
                error,
                handshake: duration,
            },
            (None, Some(&reason)) => What::Failed {
                reason,
                stage: if kind & IN_CALL != 0 {
                    Stage::Call
                } else {
                    Stage::Handshake
                },
                error,
                duration,
                who: (kind & WHO_IS_KNOWN != 0).then(|| {
                    Who::from_words([words[11], words[12], words[13], words[14], words[9]])
                }),
                uid: words[12] as u32,
            },
            (None, None) if accepted.is_some() => What::Accepted {
                verdict: accepted.copied().unwrap_or(Accepted::Unjudged),
                offset: (detail >> 32) as u32,
                expected: detail as u32,
                handshake: (words[11] != UNKNOWN).then_some(words[11]),
            },
            (None, None) => What::Rewritten {
                offset: (detail >> 32) as u32,
                expected: detail as u32,
            },
        };
        Self {
            time: words[0],
            cookie: words[1],
            cgroup: words[9],
            parent: words[10],
            family: Family::ALL[(words[12] >> 32) as usize % Family::ALL.len()],
            ends: FourTuple {
                netns: (words[6] >> 32) as u32,
                source: whole(words[2], words[3]),
                destination: whole(words[4], words[5]),
                source_port: (words[6] >> 16) as u16,
                destination_port: words[6] as u16,
            },
            what,
        }
    }

    fn time(&self) -> u64 {
        self.time
    }
}
