// SPDX-License-Identifier: GPL-2.0

//! The witness's counters of one CPU, and their sums over all CPUs. All arithmetic wraps.

use crate::model::{counts::sum::add_fields, witness::overlap::Overlap, word::Word};

/// Counters that one CPU writes, in handlers that do not nest, and any CPU reads.
///
/// The counters of a read advance in this order: called and entered, possible, certain. Each store has release
/// semantics. The sums load them in the opposite order, so no sum shows a part larger than its whole.
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
    /// Returns counters that are all 0.
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

    /// Counts a call that reads the timestamp. A kretprobe runs it after `enter` or `cap`, on the same CPU.
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
        self.entered.bump_release();
    }

    /// Counts the return of a read.
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

    /// Counts the torn values that a connect found at its return.
    #[inline]
    pub(crate) fn found_torn(&self, count: u64) {
        if count != 0 {
            self.torn.store_release(self.torn.own().wrapping_add(count));
        }
    }

    /// Counts a connect or a read without a slot in the table.
    #[inline]
    pub(crate) fn overflow(&self) {
        self.overflow.bump_release();
    }
}

/// Sums over all CPUs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ReaderTotals {
    /// Calls that read the timestamp.
    pub(crate) called: u64,
    /// Reads that are not followed because their user has reached the limit.
    pub(crate) capped: u64,
    /// Reads that are followed to their return.
    pub(crate) entered: u64,
    /// Reads in flight at the same time as a connect of the same socket.
    pub(crate) possible: u64,
    /// Reads that were wholly within one connect.
    pub(crate) certain: u64,
    /// Possible overlaps without a verdict.
    pub(crate) unjudged: u64,
    /// Values that were neither the one before the connect nor the one after.
    pub(crate) torn: u64,
    /// Connects and reads without a slot in the table.
    pub(crate) overflow: u64,
}

impl ReaderTotals {
    /// Sums the `readers` of each CPU, parts before their wholes: see [`Readers`].
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

    /// Adds other totals, for example those of a removed namespace.
    pub(crate) fn add(&mut self, others: &Self) {
        add_fields!(
            self += others:
            called, capped, entered, possible, certain, unjudged, torn, overflow
        );
    }

    /// Returns the number of reads that were missed because no probe instance was free.
    pub(crate) fn missed(&self) -> u64 {
        // As for connects: with a kretprobe, a call counts as entered before it counts as called.
        self.called
            .saturating_sub(self.entered.wrapping_add(self.capped))
    }
}
