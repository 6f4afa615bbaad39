// SPDX-License-Identifier: GPL-2.0

//! The witness's counters of one CPU, and their sum over all. All arithmetic wraps.

use crate::model::{witness::overlap::Overlap, word::Word};

/// Counters that one CPU writes, in handlers that do not nest, and any CPU reads.
///
/// A read is counted in the order called or entered, possible, certain, each with release; the sums are
/// taken in the opposite order, so that no sum ever shows a part larger than its whole.
pub(crate) struct Readers<W> {
    called: W,
    capped: W,
    entered: W,
    possible: W,
    certain: W,
    unjudged: W,
    torn: W,
    overflow: W,
}

impl<W: Word> Readers<W> {
    /// All of them 0.
    pub(crate) fn new() -> Self {
        Self {
            called: W::new(0),
            capped: W::new(0),
            entered: W::new(0),
            possible: W::new(0),
            certain: W::new(0),
            unjudged: W::new(0),
            torn: W::new(0),
            overflow: W::new(0),
        }
    }

    /// A call that reads the timestamp, after it was entered where it is.
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
        self.entered.bump_release();
    }

    /// Its return.
    #[inline]
    pub(crate) fn finish(&self, overlap: Overlap) {
        let Overlap::Possible { certain, judged } = overlap else {
            return;
        };
        self.possible.bump_release();
        if certain {
            self.certain.bump_release();
        }
        if !judged {
            self.unjudged.bump_release();
        }
    }

    /// Values that a connect found torn when it returned.
    #[inline]
    pub(crate) fn found_torn(&self, count: u64) {
        if count != 0 {
            self.torn.store_release(self.torn.own().wrapping_add(count));
        }
    }

    /// A connect or a read that found no slot in the table.
    #[inline]
    pub(crate) fn overflow(&self) {
        self.overflow.bump_release();
    }
}

/// Sums over all CPUs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ReaderTotals {
    /// Reads of the timestamp that were called.
    pub(crate) called: u64,
    /// Those not followed, as their user had too many in flight.
    pub(crate) capped: u64,
    /// Those followed to their return.
    pub(crate) entered: u64,
    /// Those in flight at the same time as a connect of the same socket.
    pub(crate) possible: u64,
    /// Those that lay wholly within one.
    pub(crate) certain: u64,
    /// Possible ones of which no value could be judged.
    pub(crate) unjudged: u64,
    /// Values that were neither the one before the connect nor the one after.
    pub(crate) torn: u64,
    /// Connects and reads that found no slot in the table.
    pub(crate) overflow: u64,
}

impl ReaderTotals {
    /// Sums up what `readers` yields for each CPU; parts before their wholes: see [`Readers`].
    pub(crate) fn sum<'a, W, I>(readers: impl Fn() -> I) -> Self
    where
        W: Word + 'a,
        I: Iterator<Item = &'a Readers<W>>,
    {
        let sum = |word: fn(&Readers<W>) -> &W| {
            let mut sum = 0_u64;
            for cpu in readers() {
                sum = sum.wrapping_add(word(cpu).load_acquire());
            }
            sum
        };
        Self {
            torn: sum(|cpu| &cpu.torn),
            unjudged: sum(|cpu| &cpu.unjudged),
            certain: sum(|cpu| &cpu.certain),
            possible: sum(|cpu| &cpu.possible),
            overflow: sum(|cpu| &cpu.overflow),
            called: sum(|cpu| &cpu.called),
            capped: sum(|cpu| &cpu.capped),
            entered: sum(|cpu| &cpu.entered),
        }
    }

    /// Adds others, such as those of a namespace that is gone.
    pub(crate) fn add(&mut self, others: &Self) {
        let add = |total: &mut u64, other: u64| *total = total.wrapping_add(other);

        add(&mut self.called, others.called);
        add(&mut self.capped, others.capped);
        add(&mut self.entered, others.entered);
        add(&mut self.possible, others.possible);
        add(&mut self.certain, others.certain);
        add(&mut self.unjudged, others.unjudged);
        add(&mut self.torn, others.torn);
        add(&mut self.overflow, others.overflow);
    }

    /// Reads that were not followed, for lack of a free probe instance.
    pub(crate) fn missed(&self) -> u64 {
        // As of connects: entered comes before called.
        self.called
            .saturating_sub(self.entered.wrapping_add(self.capped))
    }
}
