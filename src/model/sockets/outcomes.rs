// SPDX-License-Identifier: GPL-2.0

//! The outcome counters of one CPU, and their sums over all CPUs. All arithmetic wraps.

use crate::model::{
    counts::sum::add_fields,
    records::{accepted::Accepted, failure::Reason, socket_event::Outcome},
    word::Word,
};

/// The verdict on a closed socket's offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AtClose {
    /// The offset that the kernel's SipHash yields.
    Kept,
    /// Another offset, without a known cause.
    Rewritten,
    /// No verdict is possible: a user or the creator of the request socket chose the offset, or nothing is there to
    /// compare it with.
    Unjudged,
}

impl AtClose {
    /// Judges the offset of a closed socket; `expected` is 0 if `tcp_timestamps` is not 1 now.
    ///
    /// With `open`, another offset than expected is no finding.
    ///
    /// An offset of 0 is not judged if another is expected. The socket can have connected while `tcp_timestamps` was
    /// not 1, or a SYN cookie can have created it.
    pub(crate) fn judge(offset: u32, expected: u32, open: bool) -> Self {
        if offset == expected {
            Self::Kept
        } else if offset == 0 || expected == 0 || open {
            Self::Unjudged
        } else {
            Self::Rewritten
        }
    }
}

/// Whether a handshake has a slot in the table of pending ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begun {
    /// It has one.
    Tracked,
    /// No slot is free.
    Overflow,
    /// Its user holds as many slots as one user may.
    Capped,
}

/// Counters that one CPU writes, with interrupts off, and any CPU reads.
pub(crate) struct Outcomes<W> {
    begun: W,
    overflow: W,
    ended: [W; Outcome::ALL.len()],
    untimed: W,
    kept: W,
    rewritten: W,
    unjudged: W,
    recorded: W,
    filtered: W,
    // Calls write these with preemption off. No softirq does.
    repairs_called: W,
    repairs_entered: W,
    repairs_noted: W,
    repairs_shared: W,
    // Written with interrupts off, like those above the repairs.
    accepted_other: W,
    accepted_noted: W,
    accepted_shared: W,
    failed: [W; Reason::ALL.len()],
    failures_recorded: W,
    failures_filtered: W,
    accepted: [W; Accepted::ALL.len()],
    accepts_recorded: W,
    accepts_filtered: W,
    accepted_owned: W,
    syn_cookies_called: W,
    syn_cookies_entered: W,
    syn_cookies_overflow: W,
    capped: W,
}

impl<W: Word> Outcomes<W> {
    /// Returns counters that are all 0.
    pub(crate) fn new() -> Self {
        Self {
            begun: W::new(0),
            overflow: W::new(0),
            ended: [(); Outcome::ALL.len()].map(|()| W::new(0)),
            untimed: W::new(0),
            kept: W::new(0),
            rewritten: W::new(0),
            unjudged: W::new(0),
            recorded: W::new(0),
            filtered: W::new(0),
            repairs_called: W::new(0),
            repairs_entered: W::new(0),
            repairs_noted: W::new(0),
            repairs_shared: W::new(0),
            accepted_other: W::new(0),
            accepted_noted: W::new(0),
            accepted_shared: W::new(0),
            failed: [(); Reason::ALL.len()].map(|()| W::new(0)),
            failures_recorded: W::new(0),
            failures_filtered: W::new(0),
            accepted: [(); Accepted::ALL.len()].map(|()| W::new(0)),
            accepts_recorded: W::new(0),
            accepts_filtered: W::new(0),
            accepted_owned: W::new(0),
            syn_cookies_called: W::new(0),
            syn_cookies_entered: W::new(0),
            syn_cookies_overflow: W::new(0),
            capped: W::new(0),
        }
    }

    /// Counts a socket that begins to connect, and whether it has a slot in the table of pending handshakes.
    pub(crate) fn start(&self, begun: Begun) {
        self.begun.bump();
        if begun != Begun::Tracked {
            self.overflow.bump();
        }
        if begun == Begun::Capped {
            self.capped.bump();
        }
    }

    /// Counts a handshake that ended, and whether its start time is known.
    pub(crate) fn end(&self, outcome: Outcome, timed: bool) {
        self.ended[outcome as usize].bump();
        if !timed {
            self.untimed.bump();
        }
    }

    /// Counts a closed socket.
    pub(crate) fn close(&self, found: AtClose) {
        match found {
            AtClose::Kept => self.kept.bump(),
            AtClose::Rewritten => self.rewritten.bump(),
            AtClose::Unjudged => self.unjudged.bump(),
        }
    }

    /// Counts a call that sets an offset. A kretprobe runs it after `enter_repair`, on the same CPU.
    pub(crate) fn call_repair(&self) {
        self.repairs_called.bump_release();
    }

    /// Counts a call that sets an offset and that the module follows to its return.
    pub(crate) fn enter_repair(&self) {
        self.repairs_entered.bump_release();
    }

    /// Counts a socket that a call marked as repaired. `shared`: its bit was set before.
    pub(crate) fn mark_repair(&self, shared: bool) {
        if shared {
            self.repairs_shared.bump();
        } else {
            self.repairs_noted.bump();
        }
    }

    /// Counts an accepted socket that was established with another offset than expected.
    pub(crate) fn accept_other(&self) {
        self.accepted_other.bump();
    }

    /// Counts a socket that the state handler marked as repaired, with interrupts off. `shared`: its bit was set
    /// before.
    pub(crate) fn mark_accepted(&self, shared: bool) {
        if shared {
            self.accepted_shared.bump();
        } else {
            self.accepted_noted.bump();
        }
    }

    /// Counts an attempt to connect that failed, recorded or filtered out.
    pub(crate) fn fail(&self, reason: Reason, recorded: bool) {
        self.failed[reason as usize].bump();
        if recorded {
            self.failures_recorded.bump();
        } else {
            self.failures_filtered.bump();
        }
    }

    /// Counts an accepted connection, recorded or filtered out.
    pub(crate) fn accept(&self, verdict: Accepted, recorded: bool) {
        self.accepted[verdict as usize].bump();
        if recorded {
            self.accepts_recorded.bump();
        } else {
            self.accepts_filtered.bump();
        }
    }

    /// Counts a connection that was established from SYN_RECV while it had an owner, a cookie, no backlog and
    /// no slot.
    pub(crate) fn accept_owned(&self) {
        self.accepted_owned.bump();
    }

    /// Counts a call that makes a socket of a SYN cookie. A kretprobe runs it after `enter_syn_cookie`, on the same CPU.
    pub(crate) fn call_syn_cookie(&self) {
        self.syn_cookies_called.bump_release();
    }

    /// Counts a call that makes a socket of a SYN cookie and that the module follows to its return.
    pub(crate) fn enter_syn_cookie(&self) {
        self.syn_cookies_entered.bump_release();
    }

    /// Counts a socket that a SYN cookie made and that found no slot for its note.
    pub(crate) fn overflow_syn_cookie(&self) {
        self.syn_cookies_overflow.bump();
    }

    /// Counts a socket event, recorded or filtered out.
    pub(crate) fn record(&self, recorded: bool) {
        if recorded {
            self.recorded.bump();
        } else {
            self.filtered.bump();
        }
    }
}

/// Sums over all CPUs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct OutcomeTotals {
    /// Sockets that began to connect.
    pub(crate) begun: u64,
    /// Sockets that began to connect without a slot in the table.
    pub(crate) overflow: u64,
    /// Those of them whose user held as many slots as one user may.
    pub(crate) capped: u64,
    /// Handshakes that ended, in the order of [`Outcome::ALL`].
    pub(crate) ended: [u64; Outcome::ALL.len()],
    /// Handshakes that ended with an unknown start time.
    pub(crate) untimed: u64,
    /// Sockets that were closed with the expected offset.
    pub(crate) kept: u64,
    /// Sockets that were closed with another offset.
    pub(crate) rewritten: u64,
    /// Sockets that were closed without a verdict on their offset.
    pub(crate) unjudged: u64,
    /// Socket events that were recorded.
    pub(crate) recorded: u64,
    /// Socket events that were not recorded.
    pub(crate) filtered: u64,
    /// Calls that set an offset.
    pub(crate) repairs_called: u64,
    /// Calls that set an offset and were followed to their return.
    pub(crate) repairs_entered: u64,
    /// Bits that marked sockets have taken, accepted ones included.
    pub(crate) repairs_noted: u64,
    /// Marked sockets whose bit was set before: by the same socket, or by another with the same hash.
    pub(crate) repairs_shared: u64,
    /// Accepted sockets that were established with another offset than expected.
    pub(crate) accepted_other: u64,
    /// Attempts to connect that failed, in the order of [`Reason::ALL`].
    pub(crate) failed: [u64; Reason::ALL.len()],
    /// Failed attempts that were recorded.
    pub(crate) failures_recorded: u64,
    /// Failed attempts that were not recorded.
    pub(crate) failures_filtered: u64,
    /// Accepted connections, in the order of [`Accepted::ALL`].
    pub(crate) accepted: [u64; Accepted::ALL.len()],
    /// Accepted connections that were recorded.
    pub(crate) accepts_recorded: u64,
    /// Accepted connections that were not recorded.
    pub(crate) accepts_filtered: u64,
    /// Connections that were established from SYN_RECV while they had an owner, a cookie, no
    /// backlog and no slot.
    pub(crate) accepted_owned: u64,
    /// Calls that make a socket of a SYN cookie.
    pub(crate) syn_cookies_called: u64,
    /// Calls that make a socket of a SYN cookie and were followed to their return.
    pub(crate) syn_cookies_entered: u64,
    /// Sockets that a SYN cookie made and that found no slot for their note.
    pub(crate) syn_cookies_overflow: u64,
}

impl OutcomeTotals {
    /// Sums the `outcomes` of each CPU.
    pub(crate) fn sum<'a, W: Word + 'a>(outcomes: impl Iterator<Item = &'a Outcomes<W>>) -> Self {
        let mut totals = Self::default();
        for cpu in outcomes {
            totals.add(&Self {
                begun: cpu.begun.load(),
                overflow: cpu.overflow.load(),
                capped: cpu.capped.load(),
                ended: core::array::from_fn(|i| cpu.ended[i].load()),
                untimed: cpu.untimed.load(),
                kept: cpu.kept.load(),
                rewritten: cpu.rewritten.load(),
                unjudged: cpu.unjudged.load(),
                recorded: cpu.recorded.load(),
                filtered: cpu.filtered.load(),
                repairs_called: cpu.repairs_called.load_acquire(),
                repairs_entered: cpu.repairs_entered.load_acquire(),
                repairs_noted: cpu
                    .repairs_noted
                    .load()
                    .wrapping_add(cpu.accepted_noted.load()),
                repairs_shared: cpu
                    .repairs_shared
                    .load()
                    .wrapping_add(cpu.accepted_shared.load()),
                accepted_other: cpu.accepted_other.load(),
                failed: core::array::from_fn(|i| cpu.failed[i].load()),
                failures_recorded: cpu.failures_recorded.load(),
                failures_filtered: cpu.failures_filtered.load(),
                accepted: core::array::from_fn(|i| cpu.accepted[i].load()),
                accepts_recorded: cpu.accepts_recorded.load(),
                accepts_filtered: cpu.accepts_filtered.load(),
                accepted_owned: cpu.accepted_owned.load(),
                syn_cookies_called: cpu.syn_cookies_called.load_acquire(),
                syn_cookies_entered: cpu.syn_cookies_entered.load_acquire(),
                syn_cookies_overflow: cpu.syn_cookies_overflow.load(),
            });
        }
        totals
    }

    /// Adds other totals, for example those of a removed namespace.
    pub(crate) fn add(&mut self, others: &Self) {
        add_fields!(
            self += others:
            begun, overflow, capped, ended, untimed, kept, rewritten, unjudged, recorded,
            filtered, repairs_called, repairs_entered, repairs_noted, repairs_shared,
            accepted_other, failed, failures_recorded, failures_filtered, accepted,
            accepts_recorded, accepts_filtered, accepted_owned, syn_cookies_called,
            syn_cookies_entered, syn_cookies_overflow
        );
    }

    /// Returns the number of calls that set an offset and were missed because no probe instance was free.
    pub(crate) fn repairs_missed(&self) -> u64 {
        // As for connects: with a kretprobe, a call counts as entered before it counts as called.
        self.repairs_called.saturating_sub(self.repairs_entered)
    }

    /// Returns the number of sockets that a SYN cookie made without a note: no probe instance or no slot was free.
    pub(crate) fn syn_cookies_missed(&self) -> u64 {
        self.syn_cookies_called
            .saturating_sub(self.syn_cookies_entered)
            .wrapping_add(self.syn_cookies_overflow)
    }

    /// Returns the number of handshakes with this outcome.
    pub(crate) fn with(&self, outcome: Outcome) -> u64 {
        self.ended[outcome as usize]
    }
}
