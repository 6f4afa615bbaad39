// SPDX-License-Identifier: GPL-2.0

//! The filter of records: words such as `dport=443,8443 uid=!0`, all of which must hold.

use core::{
    fmt,
    net::Ipv6Addr, //
};

use crate::model::records::{
    filter_key::{Key, Known},
    filter_value::Value,
    record::Record,
    socket_event::SocketEvent,
};

/// Limits of words in a filter, and of values in all its words. Matching takes a bounded time, and a filter fits on a
/// kernel stack.
const WORDS: usize = 16;
const VALUES: usize = 32;

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
                Known::Number(number) => values.contains(&Value::Number(number)) != word.negated,
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
                        let address = Ipv6Addr::from(Value::address(address));
                        write!(out, "{address}/{bits}")?;
                    }
                }
            }
        }
        Ok(())
    }
}
