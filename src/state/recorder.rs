// SPDX-License-Identifier: GPL-2.0

//! What is recorded, and who waits for it.

use super::{
    rings::{
        ConnectRing,
        SocketEventRing, //
    },
    CpuState,
    State, //
};
use crate::{
    abstractions::preempt::PreemptDisabled,
    model::{
        records::record::Record,
        sockets::socket_event::SocketEvent, //
    },
};

impl State {
    /// Where a connect is recorded; none where no records are kept, or the filter leaves it out.
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

    /// Writes the record of a connect and wakes who waits for it.
    #[inline(always)]
    pub(crate) fn push(&self, preempt: PreemptDisabled<'_>, ring: &ConnectRing, record: &Record) {
        ring.push(&record.to_words());
        self.waiters.notify(preempt);
    }

    /// Writes what became of a socket, unless the filter leaves it out, and wakes who waits for it; says whether it was written.
    pub(crate) fn push_socket_event(
        &self,
        preempt: PreemptDisabled<'_>,
        ring: &SocketEventRing,
        socket_event: &SocketEvent,
    ) -> bool {
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
