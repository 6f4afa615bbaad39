// SPDX-License-Identifier: GPL-2.0

//! One line of the module's `events`. Unknown keys stay in it.

use serde_json::{Map, Value};

/// A line of `events`.
#[derive(Clone, Debug, PartialEq)]
pub struct Event(pub Map<String, Value>);

/// The part of an attempt to connect that an event is about. An attempt has at most one event of each part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The call of connect failed.
    Call,
    /// The handshake failed.
    Handshake,
    /// The attempt failed: the module's own sum of the other two.
    Attempt,
    /// The connection has a wrong offset.
    Offset,
}

impl Event {
    /// Parses a line; `None` if it is no JSON object.
    pub fn parse(line: &[u8]) -> Option<Self> {
        serde_json::from_slice(line).ok().map(Self)
    }

    /// Returns the number of a key.
    pub fn number(&self, key: &str) -> Option<u64> {
        self.0.get(key)?.as_u64()
    }

    /// Returns the text of a key; "" if it has none.
    pub fn text(&self, key: &str) -> &str {
        self.0.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    /// Returns the errno of the call or of the socket; 0 for none.
    pub fn errno(&self) -> u64 {
        let error = self.0.get("error").and_then(Value::as_i64);
        error.unwrap_or(0).unsigned_abs()
    }

    /// Returns the part that failed; `None` for an event about a success, or of an unknown kind.
    pub fn failed(&self) -> Option<Part> {
        let wrong = self.text("verdict") == "mismatch";
        match self.text("event") {
            "connect" if self.errno() != 0 => Some(Part::Call),
            "outcome" if self.text("outcome") != "established" => Some(Part::Handshake),
            "failed" => Some(Part::Attempt),
            "rewritten" => Some(Part::Offset),
            _ => wrong.then_some(Part::Offset),
        }
    }

    /// Returns the records that were overwritten before this reader came to them, of a line about that.
    pub fn lost(&self) -> Option<u64> {
        (self.text("event") == "lost").then(|| self.number("count").unwrap_or(0))
    }

    /// Returns a word for a failure: the module's own, or the module's name for the errno of a call.
    pub fn reason(&self) -> String {
        for key in ["reason", "outcome"] {
            if !self.text(key).is_empty() {
                return self.text(key).into();
            }
        }
        match (self.text("event"), self.text("verdict")) {
            ("rewritten", _) => return "rewritten".into(),
            (_, "mismatch") => return "mismatch".into(),
            _ => (),
        }
        match self.errno() as i32 {
            libc::ECONNREFUSED => "refused".into(),
            libc::ETIMEDOUT => "timeout".into(),
            libc::ECONNRESET => "reset".into(),
            libc::EHOSTUNREACH | libc::ENETUNREACH => "no_route".into(),
            libc::EADDRNOTAVAIL => "no_port".into(),
            libc::EPERM | libc::EACCES => "filtered".into(),
            errno => format!("error {errno}"),
        }
    }

    /// Returns whether the event names the task that called connect.
    pub fn has_caller(&self) -> bool {
        self.number("pid").is_some()
    }
}

/// Makes text from a file safe for a terminal: other bytes than printable ASCII become `\xNN`.
pub fn printable(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            ' '..='~' => safe.push(character),
            _ => safe.push_str(&format!("\\x{:02x}", u32::from(character))),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(text: &str) -> Event {
        Event::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn failures_are_told_from_successes() {
        for (text, part) in [
            (r#"{"event":"connect","error":0,"verdict":"match"}"#, None),
            (
                r#"{"event":"connect","error":-101,"verdict":"failed"}"#,
                Some(Part::Call),
            ),
            (
                r#"{"event":"connect","error":0,"verdict":"mismatch"}"#,
                Some(Part::Offset),
            ),
            (
                r#"{"event":"accepted","verdict":"mismatch"}"#,
                Some(Part::Offset),
            ),
            (r#"{"event":"accepted","verdict":"match"}"#, None),
            (r#"{"event":"outcome","outcome":"established"}"#, None),
            (
                r#"{"event":"outcome","outcome":"refused"}"#,
                Some(Part::Handshake),
            ),
            (
                r#"{"event":"failed","reason":"refused"}"#,
                Some(Part::Attempt),
            ),
            (r#"{"event":"rewritten"}"#, Some(Part::Offset)),
            (r#"{"event":"lost","count":3}"#, None),
            (r#"{"event":"later","error":5}"#, None),
            (r#"{}"#, None),
        ] {
            assert_eq!(event(text).failed(), part, "{text}");
        }
    }

    #[test]
    fn a_reason_is_the_module_s_or_that_of_the_errno() {
        for (text, reason) in [
            (
                r#"{"event":"failed","reason":"no_port","error":99}"#,
                "no_port",
            ),
            (
                r#"{"event":"outcome","outcome":"timeout","error":110}"#,
                "timeout",
            ),
            (r#"{"event":"connect","error":-101}"#, "no_route"),
            (r#"{"event":"connect","error":-99}"#, "no_port"),
            (r#"{"event":"connect","error":-22}"#, "error 22"),
            (
                r#"{"event":"connect","error":0,"verdict":"mismatch"}"#,
                "mismatch",
            ),
            (r#"{"event":"rewritten"}"#, "rewritten"),
        ] {
            assert_eq!(event(text).reason(), reason);
        }
    }

    #[test]
    fn a_name_cannot_write_to_the_terminal() {
        let comm = event(r#"{"comm":"\u001b[2J\u00e9\n"}"#);
        assert_eq!(printable(comm.text("comm")), r"\x1b[2J\xe9\x0a");
    }
}
