// SPDX-License-Identifier: GPL-2.0

//! Writes of records, and wakeups of their readers.

use super::{
    rings::{
        ConnectRing,
        SocketEventRing, //
    },
    CpuState,
    State, //
};
use crate::{
    abstractions::{
        net::Net,
        preempt::PreemptDisabled, //
    },
    model::records::{
        accepted::Accepted,
        failure::Reason,
        record::Record,
        socket_event::SocketEvent, //
    },
};

impl State {
    /// Returns the ring for a connect; `None` if no records are kept or the filter rejects the record.
    pub(crate) fn ring_for(
        &self,
        preempt: PreemptDisabled<'_>,
        cpu: &CpuState,
        record: &Record,
    ) -> Option<&ConnectRing> {
        match self.filter.get(preempt) {
            Some(filter) if !filter.matches(record) => None,
            _ => self.rings.connects(cpu.number),
        }
    }

    /// Counts a failed attempt and writes its event, if records are kept and the filter accepts it. With interrupts off.
    pub(crate) fn fail(
        &self,
        preempt: PreemptDisabled<'_>,
        net: Net<'_>,
        reason: Reason,
        failed: &SocketEvent,
    ) {
        let ring = self.rings.socket_events(self.this_cpu(preempt).number);
        let recorded = self.push_socket_event(preempt, ring, failed);
        self.counts(preempt, net).outcomes().fail(reason, recorded);
    }

    /// Counts an accepted connection and writes its event, as [`fail`](Self::fail). With interrupts off.
    pub(crate) fn accept(
        &self,
        preempt: PreemptDisabled<'_>,
        net: Net<'_>,
        verdict: Accepted,
        event: &SocketEvent,
    ) {
        let ring = self.rings.accepts(self.this_cpu(preempt).number);
        let recorded = self.push_socket_event(preempt, ring, event);
        self.counts(preempt, net)
            .outcomes()
            .accept(verdict, recorded);
    }

    /// Writes a socket event and wakes the waiting tasks, unless no records are kept or the filter rejects the event.
    /// Returns whether it was written.
    pub(crate) fn push_socket_event(
        &self,
        preempt: PreemptDisabled<'_>,
        ring: Option<&SocketEventRing>,
        socket_event: &SocketEvent,
    ) -> bool {
        let Some(ring) = ring else {
            return false;
        };
        let recorded = match self.filter.get(preempt) {
            Some(filter) => filter.matches_socket_event(socket_event),
            None => true,
        };
        if recorded {
            ring.push(&socket_event.to_words());
            self.waiters.notify(preempt);
        }
        recorded
    }
}
