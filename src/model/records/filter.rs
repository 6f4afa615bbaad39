// SPDX-License-Identifier: GPL-2.0

//! The filter of records: words such as `dport=443,8443 uid=!0`, all of which must hold.

use core::{
    fmt,
    net::{
        Ipv4Addr,
        Ipv6Addr, //
    },
    str::FromStr,
};

use crate::model::{
    records::{
        event::Event,
        failure::{Reason, Stage},
        family::Family,
        record::Record,
        socket_event::{FourTuple, Outcome, SocketEvent, What},
        who::Who,
    },
    verdict::Verdict,
};

/// Limits of words in a filter, and of values in all its words. Matching takes a bounded time, and a filter fits on a
/// kernel stack.
const WORDS: usize = 16;
const VALUES: usize = 32;

/// The key of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
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
    const ALL: [(&'static str, Self); 15] = [
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

    fn name(self) -> &'static str {
        // `ALL` has every key, in the order of the variants.
        Self::ALL[self as usize].0
    }

    /// Parses a value of this key.
    fn value(self, text: &str) -> Option<Value> {
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
            Self::Verdict => Verdict::ALL
                .into_iter()
                .find(|verdict| verdict.name() == text)
                .map(|verdict| Value::Number(verdict as u64)),
            Self::Outcome => Outcome::ALL
                .into_iter()
                .find(|outcome| outcome.name() == text)
                .map(|outcome| Value::Number(outcome as u64)),
            Self::Event => Event::ALL
                .into_iter()
                .find(|event| event.name() == text)
                .map(|event| Value::Number(event as u64)),
            Self::Reason => Reason::ALL
                .into_iter()
                .find(|reason| reason.name() == text)
                .map(|reason| Value::Number(reason as u64)),
            Self::Family => Family::ALL
                .into_iter()
                .find(|family| family.name() == text)
                .map(|family| Value::Number(family as u64)),
            Self::SourceAddress | Self::DestinationAddress => prefix(text),
        }
    }

    /// Returns the name of a value of this key, if its values have names.
    fn value_name(self, number: u64) -> Option<&'static str> {
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
    fn has(self, record: &Record, value: &Value) -> bool {
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
    fn is_at(self, ends: &FourTuple, value: &Value) -> bool {
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

/// What a socket event tells about a key.
enum Known {
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
    fn of(key: Key, socket_event: &SocketEvent) -> Self {
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
            Key::Verdict => Self::Ignored,
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

/// A value of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    Number(u64),
    /// The first bits of an address, as two halves so that the alignment is that of a number.
    Prefix([u64; 2], u8),
}

/// Returns a mask with the first `bits` bits set.
fn mask(bits: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0)
}

/// Joins the halves of an address.
fn whole([high, low]: [u64; 2]) -> u128 {
    (u128::from(high) << 64) | u128::from(low)
}

impl Value {
    fn covers(&self, address: [u8; 16]) -> bool {
        match *self {
            Self::Prefix(prefix, bits) => {
                u128::from_be_bytes(address) & mask(bits) == whole(prefix)
            }
            Self::Number(_) => false,
        }
    }
}

/// Parses a prefix: `2001:db8::/32`, `::1`, `192.0.2.0/24`. An IPv4 prefix means v4-mapped addresses. Rejects bits
/// beyond the prefix: their purpose is unknown.
fn prefix(text: &str) -> Option<Value> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (text, None),
    };
    let (address, longest, before) = if let Ok(v6) = Ipv6Addr::from_str(address) {
        (v6, 128, 0)
    } else {
        (Ipv4Addr::from_str(address).ok()?.to_ipv6_mapped(), 32, 96)
    };
    let length = match length {
        None => longest,
        Some(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
            u8::from_str(text).ok().filter(|&n| n <= longest)?
        }
        Some(_) => return None,
    };
    let bits = before + length;
    let address = u128::from_be_bytes(address.octets());
    (address & !mask(bits) == 0).then_some(Value::Prefix(
        [(address >> 64) as u64, address as u64],
        bits,
    ))
}

/// One word: a key with its values, possibly negated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Word {
    key: Key,
    negated: bool,
    /// First index of the word's values in `Filter::values`.
    start: u8,
    end: u8,
}

/// A parsed filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Filter {
    words: [Word; WORDS],
    count: usize,
    values: [Value; VALUES],
}

/// A parse error: its reason, and its position in bytes from the start of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) position: usize,
    pub(crate) reason: &'static str,
}

impl Filter {
    /// Parses a filter: words between blanks, `key=value,value...` or `key=!value,value...`. Returns `None` for
    /// `clear` alone, which removes the filter.
    pub(crate) fn parse(text: &[u8]) -> Result<Option<Self>, Wrong> {
        let wrong = |position, reason| Wrong { position, reason };
        let no_word = Word {
            key: Key::Pid,
            negated: false,
            start: 0,
            end: 0,
        };
        let mut filter = Self {
            words: [no_word; WORDS],
            count: 0,
            values: [Value::Number(0); VALUES],
        };
        let mut used = 0;
        let mut clear = None;
        let mut position = 0;

        for part in text.split(u8::is_ascii_whitespace) {
            let at = position;
            position += part.len() + 1;
            if part.is_empty() {
                continue;
            }
            if clear.is_some() {
                return Err(wrong(at, "nothing may follow clear"));
            }
            if part == b"clear" {
                if filter.count != 0 {
                    return Err(wrong(at, "clear stands alone"));
                }
                clear = Some(at);
                continue;
            }
            let word = core::str::from_utf8(part).map_err(|_| wrong(at, "not text"))?;
            let (name, values) = word
                .split_once('=')
                .ok_or(wrong(at, "neither key=value nor clear"))?;
            let (_, key) = *Key::ALL
                .iter()
                .find(|(known, _)| *known == name)
                .ok_or(wrong(at, "unknown key"))?;
            let slot = filter
                .words
                .get_mut(filter.count)
                .ok_or(wrong(at, "too many words"))?;
            let mut at = at + name.len() + 1;
            let values = match values.strip_prefix('!') {
                Some(values) => {
                    slot.negated = true;
                    at += 1;
                    values
                }
                None => values,
            };
            slot.key = key;
            slot.start = used as u8;
            for value in values.split(',') {
                let slot = filter
                    .values
                    .get_mut(used)
                    .ok_or(wrong(at, "too many values"))?;
                if value.is_empty() {
                    return Err(wrong(at, "a value is missing"));
                }
                *slot = key
                    .value(value)
                    .ok_or(wrong(at, "not a value of this key"))?;
                used += 1;
                at += value.len() + 1;
            }
            slot.end = used as u8;
            filter.count += 1;
        }
        match (filter.count, clear) {
            (0, None) => Err(wrong(0, "nothing in it")),
            (0, Some(_)) => Ok(None),
            _ => Ok(Some(filter)),
        }
    }

    /// Returns whether to keep a record. A call that returned 0 has no outcome yet and no reason, so no word about them
    /// holds, negated or not. A failed call has those of its error. Takes a bounded time, in any context.
    pub(crate) fn matches(&self, record: &Record) -> bool {
        self.words().all(|(word, values)| {
            (!matches!(word.key, Key::Outcome | Key::Reason) || record.error != 0)
                && values.iter().any(|value| word.key.has(record, value)) != word.negated
        })
    }

    /// Returns whether to keep a socket event. Takes a bounded time, in any context.
    pub(crate) fn matches_socket_event(&self, socket_event: &SocketEvent) -> bool {
        self.words()
            .all(|(word, values)| match Known::of(word.key, socket_event) {
                Known::Ignored => true,
                Known::Missing => false,
                Known::Unknown => word.negated,
                Known::Number(number) => {
                    values.iter().any(|value| *value == Value::Number(number)) != word.negated
                }
                Known::Ends => {
                    let ends = &socket_event.ends;
                    values.iter().any(|value| word.key.is_at(ends, value)) != word.negated
                }
            })
    }

    /// Returns the words, each with its values.
    fn words(&self) -> impl Iterator<Item = (&Word, &[Value])> {
        self.words[..self.count].iter().map(|word| {
            let values = usize::from(word.start)..usize::from(word.end);
            (word, &self.values[values])
        })
    }

    /// Writes the filter in a form that [`parse`](Self::parse) accepts and that yields an equal filter.
    pub(crate) fn write(&self, out: &mut impl fmt::Write) -> fmt::Result {
        for (number, (word, values)) in self.words().enumerate() {
            let blank = if number == 0 { "" } else { " " };
            let not = if word.negated { "!" } else { "" };
            write!(out, "{blank}{}={not}", word.key.name())?;
            for (number, value) in values.iter().enumerate() {
                out.write_str(if number == 0 { "" } else { "," })?;
                match *value {
                    Value::Number(number) => match word.key.value_name(number) {
                        Some(name) => out.write_str(name)?,
                        None => write!(out, "{number}")?,
                    },
                    Value::Prefix(address, bits) => {
                        let address = Ipv6Addr::from(whole(address).to_be_bytes());
                        write!(out, "{address}/{bits}")?;
                    }
                }
            }
        }
        Ok(())
    }
}
