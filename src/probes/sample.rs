// SPDX-License-Identifier: GPL-2.0

//! The values of a returning connect, sampled once.

use crate::{
    abstractions::task::Caller,
    model::{
        records::record::{Flags, Record},
        verdict::{Observation, Verdict},
    },
    tcp::socket::{
        Socket,
        Tuple, //
    },
};

/// The values of a connect that returns now.
#[derive(Clone, Copy)]
pub(super) struct ConnectSample<'a> {
    pub(super) socket: Socket<'a>,
    pub(super) tuple: &'a Tuple,
    /// `CLOCK_BOOTTIME` at the return, in nanoseconds.
    pub(super) time: u64,
    /// Duration of the call in nanoseconds.
    pub(super) duration: u64,
    pub(super) observation: Observation,
    pub(super) verdict: Verdict,
    /// Reads of the timestamp that the witness saw during the call.
    pub(super) overlaps: u16,
}

impl ConnectSample<'_> {
    /// Returns the record, with the calling task.
    #[inline(always)]
    pub(super) fn record(self) -> Record {
        let Self {
            socket,
            tuple,
            observation,
            ..
        } = self;
        let caller = Caller::current();
        let mptcp = socket.is_mptcp();
        let (source, destination, source_port, destination_port) = tuple.ends();
        let flags = Flags::default()
            .with(Flags::REPAIR, observation.repair)
            .with(Flags::FAST_OPEN, socket.is_fast_open())
            .with(Flags::MPTCP, mptcp)
            .with(Flags::V4_MAPPED, tuple.is_v4_mapped());

        Record {
            time: self.time,
            duration: self.duration,
            pid: caller.pid,
            tgid: caller.tgid,
            uid: caller.uid,
            comm: caller.comm,
            netns: socket.net().inum(),
            cookie: socket.gen_cookie(),
            parent: if mptcp { socket.parent_cookie() } else { 0 },
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
