// SPDX-License-Identifier: GPL-2.0

//! The consistency check of the counters.

use crate::model::counts::counters::Totals;

/// Numbers of records, read from the rings of all CPUs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RecordCounts {
    /// Records that can be read.
    pub(crate) readable: u64,
    /// Records that later ones have replaced.
    pub(crate) overwritten: u64,
}

/// The result of the check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ledger {
    /// The counts add up.
    Balanced,
    /// Connects were in flight or began during the sums: no verdict is possible.
    Busy,
    /// A connect was lost or counted twice: a defect.
    Unbalanced,
}

impl Ledger {
    /// Judges two sums, taken one after the other.
    ///
    /// If both sums are equal and both have nothing in flight, they are the sums of one moment. Let E be the entries
    /// and F the returns in the in-flight counts of the first sum. E and F have the same size. The first sum sees the
    /// in-flight increment of each connect that it sees entered, returned or judged, so that connect is in E. The
    /// second sum sees every count of each connect in F. As the sums are equal, every count is that of E. A model
    /// checks this (tests/host). The module counts the ring contents between the two sums, so they belong to the same
    /// moment.
    ///
    /// `kept` is `None` for one network namespace: all namespaces share the rings.
    pub(crate) fn check(first: &Totals, kept: Option<&RecordCounts>, second: &Totals) -> Self {
        if first != second || second.in_flight != 0 {
            return Self::Busy;
        }
        // A kretprobe counts `entered` before `called`: see `Totals::missed`.
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

    /// Judges two sums of each family, as [`check`](Self::check) judges those of one. Both families share the rings.
    pub(crate) fn check_both(
        first: [&Totals; 2],
        kept: Option<&RecordCounts>,
        second: [&Totals; 2],
    ) -> Self {
        let each = [0, 1].map(|family| Self::check(first[family], None, second[family]));
        if each.contains(&Self::Busy) {
            return Self::Busy;
        }
        let [v6, v4] = second;
        let recorded = v6.recorded.wrapping_add(v4.recorded);
        let kept_all = match kept {
            Some(kept) => recorded == kept.readable.wrapping_add(kept.overwritten),
            None => true,
        };
        if each.contains(&Self::Unbalanced) || !kept_all {
            Self::Unbalanced
        } else {
            Self::Balanced
        }
    }

    /// Returns the name in `stats`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Balanced => "balanced",
            Self::Busy => "busy",
            Self::Unbalanced => "unbalanced",
        }
    }
}
