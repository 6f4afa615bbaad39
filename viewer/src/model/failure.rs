// SPDX-License-Identifier: GPL-2.0

//! One attempt to connect that failed, or one connection with a wrong offset.

use serde_json::Value;

use super::event::{printable, Event, Part};

/// The keys of an event that name the task.
const CALLER: [&str; 5] = ["pid", "tgid", "uid", "comm", "family"];

/// Network namespace and cookie: they name a socket.
pub type Socket = (u64, u64);

/// One failure.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The values of its events; those of an event about the whole attempt come first.
    pub event: Event,
    parts: Vec<Part>,
    /// Whether a report has had it.
    pub reported: bool,
}

impl Failure {
    /// Makes the failure of its first event.
    pub fn new(part: Part, event: Event) -> Self {
        Self {
            event,
            parts: vec![part],
            reported: false,
        }
    }

    /// Returns a word for the reason, safe for a terminal.
    pub fn reason(&self) -> String {
        printable(&self.event.reason())
    }

    /// Returns the task that called connect, as `name[pid]`, safe for a terminal; `-` if it is unknown.
    pub fn caller(&self) -> String {
        match self.event.number("pid") {
            Some(pid) => format!("{}[{pid}]", printable(self.event.text("comm"))),
            None => "-".into(),
        }
    }

    /// Returns address and port of the peer.
    pub fn destination(&self) -> String {
        let (address, port) = (
            printable(self.event.text("destination")),
            self.event.number("dport").unwrap_or(0),
        );
        if address.contains(':') {
            format!("[{address}]:{port}")
        } else {
            format!("{address}:{port}")
        }
    }

    /// Returns the nanoseconds from the begin of the attempt to its failure.
    pub fn took(&self) -> Option<u64> {
        ["duration", "handshake"]
            .into_iter()
            .find_map(|key| self.event.number(key))
    }

    /// Returns the age in seconds at a time on the clock of the records.
    pub fn age(&self, now: Option<f64>) -> Option<u64> {
        let time = self.event.number("time")? as f64 / 1e9;
        Some((now? - time).max(0.0) as u64)
    }

    /// Returns the failure for a report: its word as `what`, and all values of its events.
    pub fn json(&self) -> Value {
        let mut object = serde_json::Map::new();
        object.insert("what".into(), self.event.reason().into());
        object.extend(self.event.0.clone());
        Value::Object(object)
    }

    /// Returns the socket.
    pub fn socket(&self) -> Socket {
        socket(&self.event)
    }

    /// Whether an event about the same socket is about this attempt. A socket can try again.
    pub fn takes(&self, part: Part, event: &Event) -> bool {
        let has = |part| self.parts.contains(&part);
        // The events of the whole attempt and of its handshake say how far it came.
        let said = |key, word| self.event.text(key) == word || event.text(key) == word;
        !has(part)
            && match part {
                Part::Offset => false,
                // A call that fails after the SYN closes the handshake.
                Part::Call => {
                    has(Part::Attempt) && said("stage", "call")
                        || has(Part::Handshake) && said("outcome", "closed")
                }
                Part::Handshake => {
                    has(Part::Attempt) || has(Part::Call) && said("outcome", "closed")
                }
                Part::Attempt if event.text("stage") == "call" => {
                    has(Part::Call) || has(Part::Handshake) && said("outcome", "closed")
                }
                Part::Attempt => has(Part::Handshake),
            }
    }

    /// Adds an event about the same attempt.
    pub fn merge(&mut self, part: Part, mut event: Event) {
        self.parts.push(part);
        // The module's own sum decides, then the error of the call.
        let decides =
            part == Part::Attempt || part == Part::Call && !self.parts.contains(&Part::Attempt);
        if decides {
            std::mem::swap(&mut self.event, &mut event);
        }
        for (key, value) in event.0 {
            let own = self.event.0.entry(key).or_insert(Value::Null);
            if own.is_null() {
                *own = value;
            }
        }
        if self.parts.contains(&Part::Call) {
            // `closed` is the outcome of the socket, not the reason.
            self.event.0.shift_remove("outcome");
        }
    }

    /// Takes the caller from the socket's connect, where the events lack it.
    pub fn complete(&mut self, connect: &Event) {
        if !self.event.has_caller() {
            copy_caller(&mut self.event, connect);
        }
    }
}

/// Returns the socket of an event.
pub fn socket(event: &Event) -> Socket {
    let number = |key| event.number(key).unwrap_or(0);
    (number("netns"), number("cookie"))
}

/// Copies the caller of a connect.
pub fn copy_caller(to: &mut Event, from: &Event) {
    for key in CALLER {
        if let Some(value) = from.0.get(key) {
            to.0.insert(key.into(), value.clone());
        }
    }
}
