// SPDX-License-Identifier: GPL-2.0

//! The counters of one CPU, and their sum over all.
//!
//! A connect is counted where it is at that moment: it may enter on one CPU and return on another,
//! so that only sums mean something. All arithmetic wraps.

use crate::model::{
    counts::histogram::{bucket, BUCKETS},
    verdict::Verdict,
    word::Word,
};

/// Counters that one CPU writes, in handlers that do not nest, and any CPU reads.
///
/// In flight is a count of its own, up at entry and down at return. It is raised before anything else
/// of that connect is counted and lowered after all else, each with release: a reader who sees any
/// count of a connect sees it raised, one who sees it lowered sees all counts (what follows from it:
/// [`Ledger`](crate::model::counts::ledger::Ledger)). This holds, too, for a connect that returns on another CPU: the
/// scheduler orders what the task did on the one before what it does on the other.
pub(crate) struct Counters<W> {
    called: W,
    capped: W,
    entered: W,
    in_flight: W,
    returned: W,
    verdicts: [W; Verdict::ALL.len()],
    v4_mapped: W,
    recorded: W,
    filtered: W,
    durations: [W; BUCKETS],
}

impl<W: Word> Counters<W> {
    /// All of them 0.
    pub(crate) fn new() -> Self {
        Self {
            called: W::new(0),
            capped: W::new(0),
            entered: W::new(0),
            in_flight: W::new(0),
            returned: W::new(0),
            verdicts: [(); Verdict::ALL.len()].map(|()| W::new(0)),
            v4_mapped: W::new(0),
            recorded: W::new(0),
            filtered: W::new(0),
            durations: [(); BUCKETS].map(|()| W::new(0)),
        }
    }

    /// A call of `tcp_v6_connect`, after it was entered where it is: who sees it called sees that.
    #[inline]
    pub(crate) fn call(&self) {
        self.called.bump_release();
    }

    /// A call that is not followed, as its user has too many in flight.
    pub(crate) fn cap(&self) {
        self.capped.bump_release();
    }

    /// A call that is followed to its return.
    #[inline]
    pub(crate) fn enter(&self) {
        self.in_flight.bump();
        self.entered.bump_release();
    }

    /// The return of a call that was entered and took so many nanoseconds, of which there is a record or which was
    /// filtered out.
    #[inline]
    pub(crate) fn finish(&self, verdict: Verdict, v4_mapped: bool, recorded: bool, duration: u64) {
        self.durations[bucket(duration)].bump_release();
        self.verdicts[verdict as usize].bump_release();
        if v4_mapped && verdict != Verdict::Failed {
            self.v4_mapped.bump();
        }
        if recorded {
            self.recorded.bump_release();
        } else {
            self.filtered.bump_release();
        }
        self.returned.bump_release();
        self.in_flight
            .store_release(self.in_flight.own().wrapping_sub(1));
    }
}

/// Sums over all CPUs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    /// Calls of `tcp_v6_connect`.
    pub(crate) called: u64,
    /// Those not followed, as their user had too many in flight.
    pub(crate) capped: u64,
    /// Those followed to their return.
    pub(crate) entered: u64,
    /// Those that returned.
    pub(crate) returned: u64,
    /// By verdict, in the order of [`Verdict::ALL`].
    pub(crate) verdicts: [u64; Verdict::ALL.len()],
    /// How many of them, failed ones aside, had a v4-mapped destination.
    pub(crate) v4_mapped: u64,
    /// Those of which there is, or was, a record.
    pub(crate) recorded: u64,
    /// Those that the filter left out.
    pub(crate) filtered: u64,
    /// Those that returned, by how long they took.
    pub(crate) durations: [u64; BUCKETS],
    /// Entered and not returned yet.
    pub(crate) in_flight: u64,
}

impl Totals {
    /// Sums up what `counters` yields for each CPU.
    ///
    /// In flight is loaded after all other counts, of all CPUs: see [`Counters`].
    pub(crate) fn sum<'a, W, I>(counters: impl Fn() -> I) -> Self
    where
        W: Word + 'a,
        I: Iterator<Item = &'a Counters<W>>,
    {
        let mut totals = Self::default();
        let add = |total: &mut u64, word: &W| *total = total.wrapping_add(word.load_acquire());

        for cpu in counters() {
            add(&mut totals.called, &cpu.called);
            add(&mut totals.capped, &cpu.capped);
            add(&mut totals.entered, &cpu.entered);
            add(&mut totals.returned, &cpu.returned);
            for (total, word) in totals.verdicts.iter_mut().zip(&cpu.verdicts) {
                add(total, word);
            }
            add(&mut totals.v4_mapped, &cpu.v4_mapped);
            add(&mut totals.recorded, &cpu.recorded);
            add(&mut totals.filtered, &cpu.filtered);
            for (total, word) in totals.durations.iter_mut().zip(&cpu.durations) {
                add(total, word);
            }
        }
        for cpu in counters() {
            add(&mut totals.in_flight, &cpu.in_flight);
        }
        totals
    }

    /// Adds others, such as those of a namespace that is gone.
    pub(crate) fn add(&mut self, others: &Self) {
        let add = |total: &mut u64, other: &u64| *total = total.wrapping_add(*other);

        add(&mut self.called, &others.called);
        add(&mut self.capped, &others.capped);
        add(&mut self.entered, &others.entered);
        add(&mut self.in_flight, &others.in_flight);
        add(&mut self.returned, &others.returned);
        for (total, other) in self.verdicts.iter_mut().zip(&others.verdicts) {
            add(total, other);
        }
        add(&mut self.v4_mapped, &others.v4_mapped);
        add(&mut self.recorded, &others.recorded);
        add(&mut self.filtered, &others.filtered);
        for (total, other) in self.durations.iter_mut().zip(&others.durations) {
            add(total, other);
        }
    }

    /// Calls that were not followed, for lack of a free probe instance (`maxactive`).
    pub(crate) fn missed(&self) -> u64 {
        // A call is entered, or refused, before it is counted as called; a reader in between must not see
        // 2^64 - 1.
        self.called
            .saturating_sub(self.entered.wrapping_add(self.capped))
    }

    /// How many had this verdict.
    pub(crate) fn with(&self, verdict: Verdict) -> u64 {
        self.verdicts[verdict as usize]
    }
}
