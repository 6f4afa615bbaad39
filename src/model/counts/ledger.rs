// SPDX-License-Identifier: GPL-2.0

//! Whether the counters add up.

use crate::model::counts::counters::Totals;

/// Records by what became of them, as the rings themselves tell, all CPUs together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RecordCounts {
    /// They can be read.
    pub(crate) readable: u64,
    /// Others took their place.
    pub(crate) overwritten: u64,
}

/// The state of the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ledger {
    /// Every connect is accounted for.
    Balanced,
    /// Connects were in flight or came while the sums were taken: nothing can be said.
    Busy,
    /// A connect was lost or counted twice: a defect.
    Unbalanced,
}

impl Ledger {
    /// Judges two sums taken one after the other.
    ///
    /// Where both are the same and nothing is in flight in either, they are those of one moment: let E
    /// be the entries and F the returns that the first sum found in its in-flight counts; there are as
    /// many of the one as of the other. Whatever the first sum found entered, returned or judged it
    /// had found raised, and so is within E; whatever is in F the second sum finds in every count. As
    /// the sums are the same, every count is that of E. (Checked by a model: tests/host.) What is in the
    /// rings was counted in between, and is of that moment, too.
    ///
    /// Of one network namespace there is no telling what became of its records: all share the rings.
    pub(crate) fn check(first: &Totals, kept: Option<&RecordCounts>, second: &Totals) -> Self {
        if first != second || second.in_flight != 0 {
            return Self::Busy;
        }
        // Entered is counted before called: see `Totals::missed`.
        if second.entered > second.called {
            return Self::Busy;
        }
        let judged = second
            .verdicts
            .iter()
            .fold(0, |sum: u64, n| sum.wrapping_add(*n));
        let timed = second
            .durations
            .iter()
            .fold(0, |sum: u64, n| sum.wrapping_add(*n));
        let entered = second.returned.wrapping_add(second.in_flight);
        let written = second.recorded.wrapping_add(second.filtered);

        let kept_all = match kept {
            Some(kept) => second.recorded == kept.readable.wrapping_add(kept.overwritten),
            None => true,
        };

        if second.entered == entered
            && second.returned == judged
            && second.returned == timed
            && second.returned == written
            && kept_all
        {
            Self::Balanced
        } else {
            Self::Unbalanced
        }
    }

    /// Its name in `stats`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Balanced => "balanced",
            Self::Busy => "busy",
            Self::Unbalanced => "unbalanced",
        }
    }
}
