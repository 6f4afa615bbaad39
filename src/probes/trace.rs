// SPDX-License-Identifier: GPL-2.0

//! A connect as an event of the tracepoint `tsoffset:connect`.

use crate::{
    model::{
        records::{
            record::{Flags, Record},
            ring::Ring,
        },
        verdict::Verdict,
    },
    state::rings::ConnectRing,
    tcp::trace_connect::{
        self,
        flag,
        verdict,
        Event, //
    },
};

// The event and its filters use the numbers of the record: C must name the same numbers.
macro_rules! assert_same_numbers {
    ($($rust:expr => $c:path;)*) => {
        $(const _: () = assert!(
            $rust as u32 == $c,
            concat!("Rust and C disagree on ", stringify!($c))
        );)*
    };
}

assert_same_numbers! {
    Verdict::Match => verdict::MATCH;
    Verdict::Zero => verdict::ZERO;
    Verdict::Changed => verdict::CHANGED;
    Verdict::Mismatch => verdict::MISMATCH;
    Verdict::Repair => verdict::REPAIR;
    Verdict::Failed => verdict::FAILED;
    Verdict::Unjudged => verdict::UNJUDGED;
    Flags::REPAIR.0 => flag::REPAIR;
    Flags::FAST_OPEN.0 => flag::FAST_OPEN;
    Flags::MPTCP.0 => flag::MPTCP;
    Flags::V4_MAPPED.0 => flag::V4_MAPPED;
    Flags::V4.0 => flag::V4;
}

/// Emits the event of a connect, before its record is written or left out. `seq` is the position of the next record,
/// in both cases. Not inlined, so the common path stays short.
#[inline(never)]
pub(super) fn trace(
    ring: Option<&ConnectRing>,
    record: &Record,
    realtime: Option<u64>,
    recorded: bool,
) {
    let (sport, dport) = (record.source_port, record.destination_port);
    trace_connect::connect(&Event {
        time: record.time,
        seq: ring.map_or(0, Ring::head),
        pid: record.pid,
        tgid: record.tgid,
        uid: record.uid,
        comm: record.comm,
        netns: record.netns,
        cookie: record.cookie,
        source: record.source,
        destination: record.destination,
        sport,
        dport,
        error: record.error,
        duration: record.duration,
        offset: record.offset,
        expected: record.expected,
        verdict: record.verdict as u32,
        overlaps: record.overlaps,
        flags: record.flags.0,
        recorded: recorded.into(),
        parent: record.parent,
        realtime: realtime.unwrap_or(0),
        cgroup: record.cgroup,
    });
}
