// SPDX-License-Identifier: GPL-2.0

//! The last attempts to connect that failed, and connections with a wrong offset. The events about one attempt make one entry.

use std::collections::{HashMap, VecDeque};

use serde_json::Value;

use super::event::{printable, Event, Part};

/// Entries and callers that are kept.
const KEPT: usize = 1024;

/// The keys of an event that name the task.
const CALLER: [&str; 5] = ["pid", "tgid", "uid", "comm", "family"];

/// Network namespace and cookie: they name a socket.
type Socket = (u64, u64);

/// One failure.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The values of its events; those of an event about the whole attempt come first.
    pub event: Event,
    parts: Vec<Part>,
    /// Whether a report has had it.
    reported: bool,
}

/// The last failures, and the callers of the last connects: events about handshakes can lack the caller.
#[derive(Default)]
pub struct Failures {
    entries: VecDeque<Failure>,
    callers: HashMap<Socket, Event>,
    /// The sockets of `callers`, by age.
    order: VecDeque<Socket>,
    /// Failures that are no longer in the list, and that no report has had.
    pub unreported: u64,
}

impl Failures {
    /// Takes the next event.
    pub fn push(&mut self, event: Event) {
        let socket = socket(&event);
        if event.text("event") == "connect" {
            self.remember(socket, &event);
        }
        let Some(part) = event.failed() else { return };
        match self
            .entries
            .iter_mut()
            .rev()
            .find(|entry| entry.socket() == socket)
        {
            Some(entry) if entry.takes(part, &event) => entry.merge(part, event),
            _ => self.append(part, event),
        }
    }

    /// Returns the failures, the newest first.
    pub fn newest(&self) -> impl Iterator<Item = &Failure> {
        self.entries.iter().rev()
    }

    /// Returns the failures since the last call, the oldest first.
    pub fn unreported(&mut self) -> impl Iterator<Item = &Failure> {
        self.entries
            .iter_mut()
            .filter_map(|entry| (!std::mem::replace(&mut entry.reported, true)).then_some(&*entry))
    }

    fn append(&mut self, part: Part, event: Event) {
        let mut entry = Failure {
            event,
            parts: vec![part],
            reported: false,
        };
        if let Some(connect) = self.callers.get(&entry.socket()) {
            entry.complete(connect);
        }
        if self.entries.len() == KEPT && self.entries.pop_front().is_some_and(|old| !old.reported) {
            self.unreported += 1;
        }
        self.entries.push_back(entry);
    }

    /// Keeps the caller of a connect. The end of the handshake can precede the connect.
    fn remember(&mut self, socket: Socket, connect: &Event) {
        if let Some(entry) = self
            .entries
            .iter_mut()
            .rev()
            .find(|entry| entry.socket() == socket)
        {
            entry.complete(connect);
        }
        let mut caller = Event(Default::default());
        copy_caller(&mut caller, connect);
        if self.callers.insert(socket, caller).is_none() {
            self.order.push_back(socket);
        }
        if self.order.len() > KEPT {
            self.order
                .pop_front()
                .map(|oldest| self.callers.remove(&oldest));
        }
    }
}

impl Failure {
    /// Returns a word for what went wrong, safe for a terminal.
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
        ["handshake", "duration"]
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

    fn socket(&self) -> Socket {
        socket(&self.event)
    }

    /// Whether an event about the same socket is about this attempt. A socket can try again.
    fn takes(&self, part: Part, event: &Event) -> bool {
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
    fn merge(&mut self, part: Part, mut event: Event) {
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
    fn complete(&mut self, connect: &Event) {
        if !self.event.has_caller() {
            copy_caller(&mut self.event, connect);
        }
    }
}

fn socket(event: &Event) -> Socket {
    let number = |key| event.number(key).unwrap_or(0);
    (number("netns"), number("cookie"))
}

fn copy_caller(to: &mut Event, from: &Event) {
    for key in CALLER {
        if let Some(value) = from.0.get(key) {
            to.0.insert(key.into(), value.clone());
        }
    }
}

#[cfg(test)]
#[path = "failures_tests.rs"]
mod tests;
