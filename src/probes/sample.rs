// SPDX-License-Identifier: GPL-2.0

//! The values of a returning connect, sampled once.

use crate::{
    abstractions::{
        cgroup,
        preempt::PreemptDisabled,
        task::{
            is_kernel_thread,
            Caller, //
        }, //
    },
    model::{
        records::{
            failure::{Reason, Stage},
            record::{Flags, Record},
            socket_event::{SocketEvent, What},
            who::Who,
        },
        verdict::{Observation, Verdict},
    },
    tcp::{
        socket::Socket,
        tuple::Tuple, //
    },
};

/// Returns the task that connects the socket. With a kernel thread, which MPTCP has for later subflows, user and cgroup
/// are those of the socket.
#[inline]
pub(super) fn who(preempt: PreemptDisabled<'_>, socket: Socket<'_>) -> Who {
    let caller = Caller::current();
    let (uid, cgroup) = if is_kernel_thread() {
        (socket.user_of_inode(preempt), socket.cgroup())
    } else {
        (caller.uid, cgroup::current_id(preempt))
    };
    Who {
        pid: caller.pid,
        tgid: caller.tgid,
        uid,
        comm: caller.comm,
        cgroup,
    }
}

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
    /// Whether the socket is one of IPv4.
    pub(super) ipv4: bool,
}

impl ConnectSample<'_> {
    /// Returns the record, with the calling task.
    #[inline(always)]
    pub(super) fn record(self, preempt: PreemptDisabled<'_>) -> Record {
        let Self {
            socket,
            tuple,
            observation,
            ..
        } = self;
        // The one call comes first: loads before it would have to go to the stack.
        let cookie = socket.gen_cookie();
        let parent = socket.parent();
        let caller = Caller::current();
        let mptcp = socket.is_mptcp();
        let (source, destination, source_port, destination_port) = tuple.ends();
        let flags = Flags::default()
            .with(Flags::REPAIR, observation.repair)
            .with(Flags::FAST_OPEN, socket.is_fast_open())
            .with(Flags::MPTCP, mptcp)
            .with(Flags::V4, self.ipv4)
            // Within the tuple of an IPv4 socket, addresses are v4-mapped, too.
            .with(Flags::V4_MAPPED, tuple.is_v4_mapped() && !self.ipv4);

        Record {
            time: self.time,
            duration: self.duration,
            pid: caller.pid,
            tgid: caller.tgid,
            uid: caller.uid,
            comm: caller.comm,
            cgroup: cgroup::current_id(preempt),
            netns: socket.net().inum(),
            cookie,
            parent,
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

    /// Returns the reason of a failed call, and its event.
    pub(super) fn failure(self, preempt: PreemptDisabled<'_>) -> (Reason, SocketEvent) {
        let record = self.record(preempt);
        let who = who(preempt, self.socket);
        let error = record.error.unsigned_abs();
        let reason = Reason::of(error, Stage::Call);
        let what = What::Failed {
            reason,
            stage: Stage::Call,
            error: error as u16,
            duration: Some(record.duration),
            who: Some(who),
            uid: who.uid,
        };
        let failed = SocketEvent {
            time: record.time,
            cookie: record.cookie,
            cgroup: who.cgroup,
            parent: record.parent,
            family: record.family(),
            ends: record.ends(),
            what,
        };
        (reason, failed)
    }
}
