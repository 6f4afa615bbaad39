// SPDX-License-Identifier: GPL-2.0

//! A connect: its entry, its call and its return.

use kernel::sync::Arc;

use super::{
    record::Returned,
    trial::Fired, //
};
use crate::{
    abstractions::{
        clock,
        kretprobe,
        preemption::PreemptionDisabled,
        trace_connect, //
    },
    core::{
        last::Finding,
        overlap,
        verdict::Observation, //
    },
    state::{
        State,
        Table, //
    },
    tcp::{
        connect::TcpV6Connect,
        namespace::tcp_timestamps,
        secure_seq::timestamp_offset,
        socket::Socket, //
    },
};

/// Follows a call to its return and takes the verdict.
pub(crate) struct Connects(pub(crate) Arc<State>);

/// What is remembered of a call at its entry.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    timestamps: u8,
    timestamps_writes: u64,
    /// Where readers find it, with the witness on.
    place: Option<overlap::Connect>,
    /// `CLOCK_BOOTTIME` in nanoseconds.
    begin: u64,
}

// What the witness takes part in: apart, so that the path without it stays short.
impl Connects {
    /// Takes a place in its table.
    #[inline(never)]
    fn be_found(
        &self,
        here: PreemptionDisabled<'_>,
        overlaps: &Table,
        socket: Socket<'_>,
    ) -> Option<overlap::Connect> {
        if cfg!(tsoffset_variant = "broken-witness") {
            return None;
        }
        let place = overlaps.connect_begins(socket.address(), socket.tsoffset());
        if place.is_none() {
            self.0.counts(here, socket.net()).readers.overflow();
        }
        place
    }

    /// Leaves it, with the offset that is in the socket now; how many reads looked.
    #[inline(never)]
    fn be_gone(
        &self,
        here: PreemptionDisabled<'_>,
        overlaps: &Table,
        socket: Socket<'_>,
        place: overlap::Connect,
        offset: u32,
    ) -> u16 {
        let findings = overlaps.connect_ends(socket.address(), place, offset);
        if findings.torn != 0 {
            self.0
                .counts(here, socket.net())
                .readers
                .found_torn(findings.torn);
        }
        findings.looks as u16
    }
}

impl kretprobe::Handler for Connects {
    type Function = TcpV6Connect;
    type Data = Entry;

    #[inline]
    fn entered(&self, here: PreemptionDisabled<'_>, socket: Socket<'_>) -> Entry {
        let mut place = None;
        if !self.0.trial.note(socket.address(), Fired::Entered) {
            if let Some(overlaps) = &self.0.overlaps {
                place = self.be_found(here, overlaps, socket);
            }
            self.0.counts(here, socket.net()).connects.enter();
        }
        // In this order: the value is as new as the writes that have ended.
        let timestamps_writes = self.0.timestamps.ended();
        Entry {
            timestamps: tcp_timestamps(socket.net()),
            timestamps_writes,
            place,
            begin: clock::boot_ns(),
        }
    }

    /// Counts every call, so that what was missed is known exactly; after its entry is counted, so that a reader in
    /// between finds fewer misses, never more.
    #[inline]
    fn called(&self, here: PreemptionDisabled<'_>, socket: Socket<'_>) {
        if self.0.trial.note(socket.address(), Fired::Called) {
            return;
        }
        self.0.counts(here, socket.net()).connects.call();
        #[cfg(any(
            tsoffset_variant = "plain-counter",
            tsoffset_variant = "marked-counter"
        ))]
        {
            static RACING: crate::abstractions::marked::RacingCounter =
                crate::abstractions::marked::RacingCounter::new();
            // Often enough for KCSAN's sampling to come by.
            for _ in 0..1000 {
                RACING.advance();
            }
        }
    }

    #[inline]
    fn returned(
        &self,
        here: PreemptionDisabled<'_>,
        socket: Socket<'_>,
        entry: Entry,
        value: usize,
    ) {
        if self.0.trial.note(socket.address(), Fired::Returned) {
            return;
        }
        // The function returns an int; the register's upper half means nothing.
        let error = value as i32;
        let net = socket.net();
        let tuple = socket.tuple();
        let offset = socket.tsoffset();
        let overlaps = match (&self.0.overlaps, entry.place) {
            (Some(overlaps), Some(place)) => self.be_gone(here, overlaps, socket, place, offset),
            _ => 0,
        };
        let expected = timestamp_offset(net, &tuple);
        let observation = Observation {
            error,
            repair: socket.in_repair(),
            offset,
            expected,
            timestamps_at_entry: entry.timestamps,
            timestamps_at_return: tcp_timestamps(net),
            // Asked only where the answer matters.
            timestamps_written: offset != expected
                && self.0.timestamps.any_since(entry.timestamps_writes),
        };
        let verdict = observation.judge();
        let cpu = self.0.this_cpu(here);
        let time = clock::boot_ns();
        let duration = time.wrapping_sub(entry.begin);
        let call = || Returned {
            socket,
            tuple: &tuple,
            time,
            duration,
            observation,
            verdict,
            overlaps,
        };
        let recorded = if self.0.filter.get(here).is_some() || trace_connect::is_on() {
            self.record_chosen(here, cpu, call())
        } else {
            self.record(here, cpu, call())
        };

        if cfg!(not(tsoffset_variant = "broken-ledger")) || error == 0 {
            self.0.counts(here, net).connects.finish(
                verdict,
                tuple.is_v4_mapped(),
                recorded,
                duration,
            );
        }
        if error == 0 {
            cpu.last.publish(Finding {
                offset,
                expected,
                verdict,
            });
        }
    }
}
