// SPDX-License-Identifier: GPL-2.0

//! The connect counters of one CPU, and the sums over all CPUs.
//!
//! Each CPU counts the events that happen on it. A connect can enter on one CPU and return on another, so only sums
//! have a meaning. All arithmetic wraps.

use crate::model::{
    counts::{
        histogram::{bounded_bucket, BUCKETS},
        sum::add_fields,
    },
    verdict::Verdict,
    word::Word,
};

/// Counters that one CPU writes, in handlers that do not nest, and any CPU reads.
///
/// `in_flight` is a counter of its own: entry increments it, return decrements it. Entry increments it before all
/// other counters of the connect, return decrements it after them. The decrement and the other counters, except
/// `v4_mapped`, are release stores. A reader that sees one of these counts also sees the increment. A reader that
/// sees the decrement sees all counts. [`Ledger`](crate::model::counts::ledger::Ledger) relies on this. The same
/// holds for a connect that returns on another CPU: the scheduler orders the task's accesses on the two CPUs.
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
    /// Returns counters that are all 0.
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

    /// Counts a call of `tcp_v6_connect`. A kretprobe runs it after `enter` or `cap`: a reader that sees the call
    /// also sees that count.
    #[inline]
    pub(crate) fn call(&self) {
        self.called.bump_release();
    }

    /// Counts a call that the module does not follow because its user has reached the limit.
    pub(crate) fn cap(&self) {
        self.capped.bump_release();
    }

    /// Counts a call that the module follows to its return.
    #[inline]
    pub(crate) fn enter(&self) {
        self.in_flight.bump();
        self.entered.bump_release();
    }

    /// Counts the return of a followed call, its duration in nanoseconds, and whether it was recorded or filtered
    /// out.
    #[inline]
    pub(crate) fn finish(&self, verdict: Verdict, v4_mapped: bool, recorded: bool, duration: u64) {
        match bounded_bucket(duration) {
            Some(bucket) => self.durations[bucket].bump_release(),
            None => self.count_longest(),
        }
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
        self.in_flight.lower_release();
    }

    // Not inlined, so the common path stays short.
    #[cold]
    #[inline(never)]
    fn count_longest(&self) {
        self.durations[BUCKETS - 1].bump_release();
    }
}

/// Sums over all CPUs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    /// Calls of `tcp_v6_connect`.
    pub(crate) called: u64,
    /// Calls that are not followed because their user has reached the limit.
    pub(crate) capped: u64,
    /// Calls that are followed to their return.
    pub(crate) entered: u64,
    /// Followed calls that have returned.
    pub(crate) returned: u64,
    /// Returned calls by verdict, in the order of [`Verdict::ALL`].
    pub(crate) verdicts: [u64; Verdict::ALL.len()],
    /// Returned calls with a v4-mapped destination, except failed ones.
    pub(crate) v4_mapped: u64,
    /// Returned calls that were recorded, overwritten records included.
    pub(crate) recorded: u64,
    /// Returned calls that were not recorded.
    pub(crate) filtered: u64,
    /// Returned calls by duration.
    pub(crate) durations: [u64; BUCKETS],
    /// Followed calls that have not returned.
    pub(crate) in_flight: u64,
}

impl Totals {
    /// Sums the `counters` of each CPU.
    ///
    /// Loads `in_flight` of all CPUs after all other counters: see [`Counters`].
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

    /// Adds other totals, for example those of a removed namespace.
    pub(crate) fn add(&mut self, others: &Self) {
        add_fields!(
            self += others:
            called, capped, entered, in_flight, returned, verdicts, v4_mapped, recorded, filtered,
            durations
        );
    }

    /// Returns the number of calls that were missed because no probe instance (`maxactive`) was free.
    pub(crate) fn missed(&self) -> u64 {
        // With a kretprobe, a call counts as entered or capped before it counts as called. Saturation keeps a reader
        // in between from 2^64 - 1.
        self.called
            .saturating_sub(self.entered.wrapping_add(self.capped))
    }

    /// Returns the number of calls with this verdict.
    pub(crate) fn with(&self, verdict: Verdict) -> u64 {
        self.verdicts[verdict as usize]
    }
}
