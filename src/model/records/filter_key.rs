// SPDX-License-Identifier: GPL-2.0

//! The keys of a filter's words: values of records and of socket events by their names.

use core::str::FromStr;

use crate::model::{
    records::{
        event::Event,
        failure::{Reason, Stage},
        family::Family,
        filter_value::Value,
        record::Record,
        socket_event::{FourTuple, Outcome, SocketEvent, What},
        who::Who,
    },
    verdict::Verdict,
};

/// The key of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Pid,
    Tgid,
    Uid,
    Netns,
    SourceAddress,
    DestinationAddress,
    SourcePort,
    DestinationPort,
    Verdict,
    Errno,
    Outcome,
    Cgroup,
    Event,
    Reason,
    Family,
}

impl Key {
    pub(super) const ALL: [(&'static str, Self); 15] = [
        ("pid", Self::Pid),
        ("tgid", Self::Tgid),
        ("uid", Self::Uid),
        ("netns", Self::Netns),
        ("saddr", Self::SourceAddress),
        ("daddr", Self::DestinationAddress),
        ("sport", Self::SourcePort),
        ("dport", Self::DestinationPort),
        ("verdict", Self::Verdict),
        ("errno", Self::Errno),
        ("outcome", Self::Outcome),
        ("cgroup", Self::Cgroup),
        ("event", Self::Event),
        ("reason", Self::Reason),
        ("family", Self::Family),
    ];

    pub(super) fn name(self) -> &'static str {
        // `ALL` has every key, in the order of the variants.
        Self::ALL[self as usize].0
    }

    /// Parses a value of this key.
    pub(super) fn value(self, text: &str) -> Option<Value> {
        let number = |most: u64| {
            u64::from_str(text)
                .ok()
                .filter(|&n| n <= most && text.as_bytes()[0] != b'+')
        };
        match self {
            Self::Pid | Self::Tgid | Self::Uid | Self::Netns => {
                number(u32::MAX.into()).map(Value::Number)
            }
            Self::Cgroup => number(u64::MAX).map(Value::Number),
            Self::SourcePort | Self::DestinationPort => number(u16::MAX.into()).map(Value::Number),
            Self::Errno => number(4095).map(Value::Number),
            Self::Verdict => named(Verdict::ALL, Verdict::name, text),
            Self::Outcome => named(Outcome::ALL, Outcome::name, text),
            Self::Event => named(Event::ALL, Event::name, text),
            Self::Reason => named(Reason::ALL, Reason::name, text),
            Self::Family => named(Family::ALL, Family::name, text),
            Self::SourceAddress | Self::DestinationAddress => Value::prefix(text),
        }
    }

    /// Returns the name of a value of this key, if its values have names.
    pub(super) fn value_name(self, number: u64) -> Option<&'static str> {
        let number = number as usize;
        match self {
            Self::Verdict => Some(Verdict::ALL[number].name()),
            Self::Outcome => Some(Outcome::ALL[number].name()),
            Self::Event => Some(Event::ALL[number].name()),
            Self::Reason => Some(Reason::ALL[number].name()),
            Self::Family => Some(Family::ALL[number].name()),
            _ => None,
        }
    }

    /// Returns whether a record has this value.
    pub(super) fn has(self, record: &Record, value: &Value) -> bool {
        let number = match self {
            Self::Pid => record.pid.into(),
            Self::Tgid => record.tgid.into(),
            Self::Uid => record.uid.into(),
            Self::Cgroup => record.cgroup,
            Self::Verdict => record.verdict as u64,
            Self::Errno => record.error.unsigned_abs().into(),
            Self::Outcome => Outcome::of(record.error.unsigned_abs()) as u64,
            Self::Reason => Reason::of(record.error.unsigned_abs(), Stage::Call) as u64,
            Self::Event => Event::Connect as u64,
            Self::Family => record.family() as u64,
            _ => return self.is_at(&record.ends(), value),
        };
        *value == Value::Number(number)
    }

    /// Returns whether the ends have this value; false for keys that are not about the ends.
    pub(super) fn is_at(self, ends: &FourTuple, value: &Value) -> bool {
        let number = match self {
            Self::Netns => ends.netns.into(),
            Self::SourcePort => ends.source_port.into(),
            Self::DestinationPort => ends.destination_port.into(),
            Self::SourceAddress => return value.covers(ends.source),
            Self::DestinationAddress => return value.covers(ends.destination),
            _ => return false,
        };
        *value == Value::Number(number)
    }
}

/// Parses the name of a value. `all` has the values in the order of their numbers.
fn named<T: Copy, const N: usize>(
    all: [T; N],
    name: fn(T) -> &'static str,
    text: &str,
) -> Option<Value> {
    let number = all.into_iter().position(|value| name(value) == text)?;
    Some(Value::Number(number as u64))
}

/// The knowledge of a socket event about a key.
pub(super) enum Known {
    /// The key is about the call, which the event is not: each word holds.
    Ignored,
    /// The event has no such value: no word holds, negated or not.
    Missing,
    /// Nobody knows the value: only a negated word holds. Such an event is not lost where a word leaves out others.
    Unknown,
    Number(u64),
    /// The ends of the connection decide.
    Ends,
}

impl Known {
    pub(super) fn of(key: Key, socket_event: &SocketEvent) -> Self {
        let what = &socket_event.what;
        let who = |number: fn(&Who) -> u32| match what {
            What::Failed { who: Some(who), .. } => Self::Number(number(who).into()),
            What::Failed { who: None, .. } => Self::Unknown,
            _ => Self::Ignored,
        };
        match key {
            Key::Pid => who(|who| who.pid),
            Key::Tgid => who(|who| who.tgid),
            Key::Uid => match what {
                What::Failed { uid, .. } => Self::Number((*uid).into()),
                _ => Self::Ignored,
            },
            // The verdicts of accepted connections are others.
            Key::Verdict => match what {
                What::Accepted { .. } => Self::Missing,
                _ => Self::Ignored,
            },
            Key::Cgroup => Self::Number(socket_event.cgroup),
            Key::Event => Self::Number(Event::of(what) as u64),
            Key::Family => Self::Number(socket_event.family as u64),
            Key::Errno => Self::Number(match *what {
                What::Ended { error, .. } | What::Failed { error, .. } => error.into(),
                What::Rewritten { .. } | What::Accepted { .. } => 0,
            }),
            Key::Outcome => match *what {
                What::Ended { outcome, .. } => Self::Number(outcome as u64),
                What::Failed { error, .. } => Self::Number(Outcome::of(error.into()) as u64),
                What::Rewritten { .. } | What::Accepted { .. } => Self::Missing,
            },
            Key::Reason => match *what {
                What::Failed { reason, .. } => Self::Number(reason as u64),
                _ => Self::Missing,
            },
            Key::Netns
            | Key::SourceAddress
            | Key::DestinationAddress
            | Key::SourcePort
            | Key::DestinationPort => Self::Ends,
        }
    }
}
