// SPDX-License-Identifier: GPL-2.0

//! The record of a connect: what is in it, and into which ring it goes.

use super::connect::Connects;
use crate::{
    abstractions::{
        preemption::PreemptionDisabled,
        task::Caller,
        trace_connect, //
    },
    core::{
        record::{
            Flags,
            Record, //
        },
        verdict::{
            Observation,
            Verdict, //
        }, //
    },
    rings::ConnectRing,
    state::CpuState,
    tcp::socket::{
        Socket,
        Tuple, //
    },
};

/// What there is to tell of a connect that returns now.
#[derive(Clone, Copy)]
pub(super) struct Returned<'a> {
    pub(super) socket: Socket<'a>,
    pub(super) tuple: &'a Tuple,
    /// `CLOCK_BOOTTIME` at the return, in nanoseconds.
    pub(super) time: u64,
    /// How long the call took, in nanoseconds.
    pub(super) duration: u64,
    pub(super) observation: Observation,
    pub(super) verdict: Verdict,
    /// Reads of the timestamp that the witness saw within it.
    pub(super) overlaps: u16,
}

impl Returned<'_> {
    /// The record of it, with who called.
    #[inline(always)]
    fn record(self) -> Record {
        let Self {
            socket,
            tuple,
            observation,
            ..
        } = self;
        let caller = Caller::current();
        let (source, destination, source_port, destination_port) = tuple.ends();
        let flags = Flags::default()
            .with(Flags::REPAIR, observation.repair)
            .with(Flags::FAST_OPEN, socket.is_fast_open())
            .with(Flags::MPTCP, socket.is_mptcp())
            .with(Flags::V4_MAPPED, tuple.is_v4_mapped());

        Record {
            time: self.time,
            duration: self.duration,
            pid: caller.pid,
            tgid: caller.tgid,
            uid: caller.uid,
            comm: caller.comm,
            netns: socket.net().inum(),
            cookie: socket.cookie(),
            parent: if socket.is_mptcp() {
                socket.parent_cookie()
            } else {
                0
            },
            source,
            destination,
            source_port,
            destination_port,
            error: observation.error,
            offset: observation.offset,
            expected: observation.expected,
            verdict: self.verdict,
            overlaps: self.overlaps,
            flags,
        }
    }
}

impl Connects {
    /// Records a connect where records are kept; says whether they are.
    #[inline(always)]
    pub(super) fn record(
        &self,
        here: PreemptionDisabled<'_>,
        cpu: &CpuState,
        call: Returned<'_>,
    ) -> bool {
        let Some(ring) = self.0.rings.connects(cpu.number) else {
            return false;
        };
        // The record goes from registers into the ring: nobody else gets to see it.
        self.push(here, ring, &call.record());
        true
    }

    /// The same where there is a filter, or somebody listens to the tracepoint. Apart, so that the path without stays short.
    #[inline(never)]
    pub(super) fn record_chosen(
        &self,
        here: PreemptionDisabled<'_>,
        cpu: &CpuState,
        call: Returned<'_>,
    ) -> bool {
        let record = call.record();
        let ring = match self.0.filter.get(here) {
            Some(filter)
                if !filter.matches(&record) && cfg!(not(tsoffset_variant = "broken-filter")) =>
            {
                None
            }
            _ => self.0.rings.connects(cpu.number),
        };
        if trace_connect::is_on() {
            self.trace(cpu, &record, ring.is_some());
        }
        if let Some(ring) = ring {
            self.push(here, ring, &record);
        }
        ring.is_some()
    }

    /// Writes it and wakes who waits for it.
    #[inline(always)]
    fn push(&self, here: PreemptionDisabled<'_>, ring: &ConnectRing, record: &Record) {
        if cfg!(not(tsoffset_variant = "broken-ring")) {
            ring.push(&record.to_words());
        }
        self.0.waiters.notify(here);
    }
}
