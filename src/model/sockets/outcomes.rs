// SPDX-License-Identifier: GPL-2.0

//! Counters of what came after the connects, of one CPU, and their sum over all. All arithmetic wraps.

use crate::model::{sockets::socket_event::Outcome, word::Word};

/// What a closed socket's offset was found to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AtClose {
    /// The one the kernel's SipHash yields.
    Kept,
    /// Another, which nothing explains.
    Rewritten,
    /// Nothing can be said: a user, or whoever made the request socket, chose it, or there is nothing to compare with.
    Unjudged,
}

impl AtClose {
    /// Judges the offset of a socket that is closed; `expected` is 0 where `tcp_timestamps` is not 1 now.
    ///
    /// Where it is `open` what the offset has to be, another is no finding.
    ///
    /// An offset of 0 is not judged where another is expected: the socket may have been connected while
    /// `tcp_timestamps` was not 1, or accepted by a SYN cookie.
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
    // Written with preemption off, by calls and not in softirqs.
    repairs_called: W,
    repairs_entered: W,
    repairs_noted: W,
    repairs_shared: W,
    // Written with interrupts off, as those above the repairs.
    accepted_other: W,
    accepted_noted: W,
    accepted_shared: W,
}

impl<W: Word> Outcomes<W> {
    /// All of them 0.
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

    /// A socket begins to connect, and has a slot in the table of those who wait, or none.
    pub(crate) fn start(&self, has_slot: bool) {
        self.begun.bump();
        if !has_slot {
            self.overflow.bump();
        }
    }

    /// It has ended; when it began is known or not.
    pub(crate) fn end(&self, outcome: Outcome, timed: bool) {
        self.ended[outcome as usize].bump();
        if !timed {
            self.untimed.bump();
        }
    }

    /// A socket is closed.
    pub(crate) fn close(&self, found: AtClose) {
        match found {
            AtClose::Kept => self.kept.bump(),
            AtClose::Rewritten => self.rewritten.bump(),
            AtClose::Unjudged => self.unjudged.bump(),
        }
    }

    /// A call that sets an offset, after it was entered where it is.
    pub(crate) fn call_repair(&self) {
        self.repairs_called.bump_release();
    }

    /// A call that sets an offset, and is followed to its return.
    pub(crate) fn enter_repair(&self) {
        self.repairs_entered.bump_release();
    }

    /// A socket is noted among the repaired, which takes a bit, or shares one.
    pub(crate) fn mark_repair(&self, shared: bool) {
        if shared {
            self.repairs_shared.bump();
        } else {
            self.repairs_noted.bump();
        }
    }

    /// An accepted socket is established with another offset than the hash yields.
    pub(crate) fn accept_other(&self) {
        self.accepted_other.bump();
    }

    /// It is noted among the repaired, with interrupts off, which takes a bit, or shares one.
    pub(crate) fn mark_accepted(&self, shared: bool) {
        if shared {
            self.accepted_shared.bump();
        } else {
            self.accepted_noted.bump();
        }
    }

    /// There is a socket event of that, or the filter left it out.
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
    /// Those that found no slot in the table.
    pub(crate) overflow: u64,
    /// Handshakes that ended, in the order of [`Outcome::ALL`].
    pub(crate) ended: [u64; Outcome::ALL.len()],
    /// Those of which it is not known when they began.
    pub(crate) untimed: u64,
    /// Sockets that were closed with the offset that they should have.
    pub(crate) kept: u64,
    /// With another.
    pub(crate) rewritten: u64,
    /// With one of which nothing can be said.
    pub(crate) unjudged: u64,
    /// Follow-ups that were recorded.
    pub(crate) recorded: u64,
    /// Those that the filter left out.
    pub(crate) filtered: u64,
    /// Calls that set an offset.
    pub(crate) repairs_called: u64,
    /// Those followed to their return.
    pub(crate) repairs_entered: u64,
    /// Bits of the set of repaired sockets that were taken, by accepted ones, too.
    pub(crate) repairs_noted: u64,
    /// Sockets noted whose bit was taken: the same socket again, or one that is not told from another.
    pub(crate) repairs_shared: u64,
    /// Accepted sockets that were established with another offset than the hash yields.
    pub(crate) accepted_other: u64,
}

impl OutcomeTotals {
    /// Sums up what `outcomes` yields for each CPU.
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

    /// Adds others, such as those of a namespace that is gone.
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

    /// Calls that set an offset and were not followed, for lack of a free probe instance.
    pub(crate) fn repairs_missed(&self) -> u64 {
        // As of connects: entered comes before called.
        self.repairs_called.saturating_sub(self.repairs_entered)
    }

    /// How many ended so.
    pub(crate) fn with(&self, outcome: Outcome) -> u64 {
        self.ended[outcome as usize]
    }
}
