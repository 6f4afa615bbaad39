// SPDX-License-Identifier: GPL-2.0

//! The last attempts to connect that failed, and connections with a wrong offset. The events about one attempt make one entry.

use std::collections::{HashMap, VecDeque};

use super::{
    event::{Event, Part},
    failure::{copy_caller, socket, Failure, Socket},
};

/// Entries and callers that are kept.
const KEPT: usize = 1024;

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
        let mut entry = Failure::new(part, event);
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

#[cfg(test)]
#[path = "failures_tests.rs"]
mod tests;
