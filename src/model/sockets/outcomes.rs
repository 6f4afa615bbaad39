// SPDX-License-Identifier: GPL-2.0

//! The outcome counters of one CPU, and their sums over all CPUs. All arithmetic wraps.

use crate::model::{records::socket_event::Outcome, word::Word};

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
        }
    }

    /// Counts a socket that begins to connect, and whether it has a slot in the table of pending handshakes.
    pub(crate) fn start(&self, has_slot: bool) {
        self.begun.bump();
        if !has_slot {
            self.overflow.bump();
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
    /// Sockets that began to connect without a free slot in the table.
    pub(crate) overflow: u64,
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
}

impl OutcomeTotals {
    /// Sums the `outcomes` of each CPU.
    pub(crate) fn sum<'a, W: Word + 'a>(outcomes: impl Iterator<Item = &'a Outcomes<W>>) -> Self {
        let mut totals = Self::default();
        for cpu in outcomes {
            totals.add(&Self {
                begun: cpu.begun.load(),
                overflow: cpu.overflow.load(),
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
            });
        }
        totals
    }

    /// Adds other totals, for example those of a removed namespace.
    pub(crate) fn add(&mut self, others: &Self) {
        let add = |total: &mut u64, other: u64| *total = total.wrapping_add(other);

        add(&mut self.begun, others.begun);
        add(&mut self.overflow, others.overflow);
        for (total, other) in self.ended.iter_mut().zip(others.ended) {
            add(total, other);
        }
        add(&mut self.untimed, others.untimed);
        add(&mut self.kept, others.kept);
        add(&mut self.rewritten, others.rewritten);
        add(&mut self.unjudged, others.unjudged);
        add(&mut self.recorded, others.recorded);
        add(&mut self.filtered, others.filtered);
        add(&mut self.repairs_called, others.repairs_called);
        add(&mut self.repairs_entered, others.repairs_entered);
        add(&mut self.repairs_noted, others.repairs_noted);
        add(&mut self.repairs_shared, others.repairs_shared);
        add(&mut self.accepted_other, others.accepted_other);
    }

    /// Returns the number of calls that set an offset and were missed because no probe instance was free.
    pub(crate) fn repairs_missed(&self) -> u64 {
        // As for connects: with a kretprobe, a call counts as entered before it counts as called.
        self.repairs_called.saturating_sub(self.repairs_entered)
    }

    /// Returns the number of handshakes with this outcome.
    pub(crate) fn with(&self, outcome: Outcome) -> u64 {
        self.ended[outcome as usize]
    }
}
