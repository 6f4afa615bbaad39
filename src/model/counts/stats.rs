// SPDX-License-Identifier: GPL-2.0

//! The lines of `stats`: names are a contract (docs/interface.md).

use crate::model::{
    counts::{
        counters::Totals,
        histogram,
        ledger::{Ledger, RecordCounts},
    },
    policy::Policy,
    sockets::{outcomes::OutcomeTotals, socket_event::Outcome},
    verdict::Verdict,
    witness::readers::ReaderTotals,
};

/// A line's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// A count.
    Number(u64),
    /// A word.
    Word(&'static str),
}

/// What `stats` tells.
pub(crate) struct Stats {
    /// The sums.
    pub(crate) totals: Totals,
    /// What the rings hold, which all namespaces share: not known of one.
    pub(crate) kept: Option<RecordCounts>,
    /// Whether they add up.
    pub(crate) ledger: Ledger,
    /// How offsets are chosen.
    pub(crate) policy: Policy,
    /// Whether the probes fired when they were last tried.
    pub(crate) probe_armed: bool,
    /// Whether the witness is on.
    pub(crate) witness: bool,
    /// Its sums.
    pub(crate) readers: ReaderTotals,
    /// How many outcomes can be awaited at once; 0: they are not watched.
    pub(crate) outcomes: u64,
    /// Their sums.
    pub(crate) outcome_totals: OutcomeTotals,
    /// What the host's namespaces share of that.
    pub(crate) shared: Option<Shared>,
    /// Writes of sysctls that were missed.
    pub(crate) sysctl_missed: u64,
    /// Whether the kernel's hash was found replaced.
    pub(crate) hash_replaced: bool,
    /// What calls are followed with.
    pub(crate) hook: &'static str,
}

/// What is kept of all namespaces' outcomes together, and so is not known of one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Shared {
    /// Connects whose outcome is awaited, and that have a place in the table.
    pub(crate) pending: u64,
    /// Follow-ups in whose place there is a later one.
    pub(crate) overwritten: u64,
}

impl Stats {
    /// Names and values in the order in which they are printed.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (&'static str, Value)> {
        let durations = self.totals.durations.map(Value::Number);
        let records = self.kept.map(|kept| {
            [
                ("records_readable", Value::Number(kept.readable)),
                ("records_overwritten", Value::Number(kept.overwritten)),
            ]
        });
        let shared = self.shared.map(|shared| {
            [
                ("outcomes_pending", Value::Number(shared.pending)),
                ("outcomes_overwritten", Value::Number(shared.overwritten)),
            ]
        });
        self.counts()
            .into_iter()
            .chain(records.into_iter().flatten())
            .chain(histogram::NAMES.into_iter().zip(durations))
            .chain(self.outcomes())
            .chain(shared.into_iter().flatten())
            .chain(self.hash())
            .chain(self.shares())
            .chain([("hook", Value::Word(self.hook))])
            .chain(self.accepted())
            .chain([("sysctl_missed", Value::Number(self.sysctl_missed))])
    }

    /// Those that have a name of their own.
    fn counts(&self) -> [(&'static str, Value); 26] {
        use Value::{Number, Word};

        let totals = &self.totals;
        let readers = &self.readers;
        [
            ("version", Number(1)),
            ("policy", Word(self.policy.name())),
            ("probe_armed", Number(self.probe_armed.into())),
            ("connects_called", Number(totals.called)),
            ("connects_missed", Number(totals.missed())),
            ("connects_entered", Number(totals.entered)),
            ("connects_returned", Number(totals.returned)),
            ("connects_in_flight", Number(totals.in_flight)),
            ("connects_failed", Number(totals.with(Verdict::Failed))),
            ("offset_match", Number(totals.with(Verdict::Match))),
            ("offset_zero", Number(totals.with(Verdict::Zero))),
            ("offset_changed", Number(totals.with(Verdict::Changed))),
            ("offset_mismatch", Number(totals.with(Verdict::Mismatch))),
            ("offset_repair", Number(totals.with(Verdict::Repair))),
            ("offset_v4mapped", Number(totals.v4_mapped)),
            ("ledger", Word(self.ledger.name())),
            ("witness", Word(if self.witness { "on" } else { "off" })),
            ("reader_missed", Number(readers.missed())),
            ("reader_getsockopt", Number(readers.entered)),
            ("reader_overlap_possible", Number(readers.possible)),
            ("reader_overlap_certain", Number(readers.certain)),
            ("reader_torn", Number(readers.torn)),
            ("reader_unjudged", Number(readers.unjudged)),
            ("reader_overflow", Number(readers.overflow)),
            ("connects_recorded", Number(totals.recorded)),
            ("connects_filtered", Number(totals.filtered)),
        ]
    }

    /// Those about the hash.
    fn hash(&self) -> [(&'static str, Value); 2] {
        let state = if self.hash_replaced {
            "replaced"
        } else {
            "kernel"
        };
        [
            ("hash", Value::Word(state)),
            (
                "connects_unjudged",
                Value::Number(self.totals.with(Verdict::Unjudged)),
            ),
        ]
    }

    /// Those about what one user may take from others.
    fn shares(&self) -> [(&'static str, Value); 5] {
        let outcomes = &self.outcome_totals;
        [
            ("connects_capped", self.totals.capped),
            ("reader_capped", self.readers.capped),
            ("repairs_missed", outcomes.repairs_missed()),
            ("repairs_noted", outcomes.repairs_noted),
            ("repairs_shared", outcomes.repairs_shared),
        ]
        .map(|(name, count)| (name, Value::Number(count)))
    }

    /// The one about accepted sockets.
    fn accepted(&self) -> [(&'static str, Value); 1] {
        let other = self.outcome_totals.accepted_other;
        [("accepted_other_offset", Value::Number(other))]
    }

    /// Those about what came after connects.
    fn outcomes(&self) -> [(&'static str, Value); 16] {
        let totals = &self.outcome_totals;
        [
            ("outcomes", self.outcomes),
            ("outcomes_begun", totals.begun),
            ("outcome_established", totals.with(Outcome::Established)),
            ("outcome_refused", totals.with(Outcome::Refused)),
            ("outcome_timeout", totals.with(Outcome::Timeout)),
            ("outcome_reset", totals.with(Outcome::Reset)),
            ("outcome_unreachable", totals.with(Outcome::Unreachable)),
            ("outcome_error", totals.with(Outcome::Error)),
            ("outcome_closed", totals.with(Outcome::Closed)),
            ("outcomes_overflow", totals.overflow),
            ("outcomes_untimed", totals.untimed),
            ("offset_kept", totals.kept),
            ("offset_rewritten", totals.rewritten),
            ("offset_unjudged", totals.unjudged),
            ("outcomes_recorded", totals.recorded),
            ("outcomes_filtered", totals.filtered),
        ]
        .map(|(name, count)| (name, Value::Number(count)))
    }
}
