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
            draft::{Draft, Words},
            failure::{Reason, Stage},
            merge::Sequenced,
            record::{Flags, Record, WORDS},
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
    /// Writes the words of the record, with the calling task. Values that the sample lacks are taken just before
    /// their store.
    // Every word has to be written: an unwritten one is that of an older record. tests/marks counts the words.
    #[inline(always)]
    pub(super) fn write(self, preempt: PreemptDisabled<'_>, words: impl Words) {
        let Self {
            socket,
            tuple,
            time,
            duration,
            observation,
            verdict,
            overlaps,
            ipv4,
        } = self;
        let mut draft = Draft(words);
        // The call comes first: values from before a call would have to stay on the stack.
        draft.cookie(socket.gen_cookie());
        draft.times(time, duration);
        draft.offsets(observation.offset, observation.expected);
        draft.source(tuple.source());
        draft.destination(tuple.destination());
        let (parent, mptcp) = (socket.parent(), socket.is_mptcp());
        draft.parent(parent, overlaps);
        let flags = Flags::default()
            .with(Flags::REPAIR, observation.repair)
            .with(Flags::FAST_OPEN, socket.is_fast_open())
            .with(Flags::MPTCP, mptcp)
            .with(Flags::V4, ipv4)
            // Within the tuple of an IPv4 socket, addresses are v4-mapped, too.
            .with(Flags::V4_MAPPED, tuple.is_v4_mapped() && !ipv4);
        draft.verdict(
            verdict,
            flags,
            tuple.source_port(),
            tuple.destination_port(),
        );
        draft.cgroup(cgroup::current_id(preempt), observation.error);
        let caller = Caller::current();
        draft.owners(caller.uid, socket.net().inum());
        draft.task(caller.pid, caller.tgid, caller.comm);
    }

    /// Returns the words of the record, and the record with cgroup and parent in full: the words have 48 bits of each.
    #[inline(never)]
    pub(super) fn record(self, preempt: PreemptDisabled<'_>) -> ([u64; WORDS], Record) {
        let mut words = [0; WORDS];
        self.write(preempt, &mut words);
        let record = Record {
            cgroup: cgroup::current_id(preempt),
            parent: self.socket.parent(),
            ..Record::from_words(&words)
        };
        (words, record)
    }

    /// Returns the reason of a failed call, and its event.
    pub(super) fn failure(self, preempt: PreemptDisabled<'_>) -> (Reason, SocketEvent) {
        let (_, record) = self.record(preempt);
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
