// SPDX-License-Identifier: GPL-2.0

//! The lines of `stats`. Their names are a contract (docs/interface.md).

use crate::model::{
    counts::{
        counters::Totals,
        histogram,
        ledger::{Ledger, RecordCounts},
    },
    policy::Policy,
    records::socket_event::Outcome,
    sockets::outcomes::OutcomeTotals,
    verdict::Verdict,
    witness::readers::ReaderTotals,
};

/// The value of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// A count.
    Number(u64),
    /// A word.
    Word(&'static str),
}

/// The contents of `stats`.
pub(crate) struct Stats {
    /// The sums of the connect counters.
    pub(crate) totals: Totals,
    /// The contents of the rings. `None` for one namespace: all namespaces share the rings.
    pub(crate) kept: Option<RecordCounts>,
    /// The result of the consistency check.
    pub(crate) ledger: Ledger,
    /// The offset policy of the namespace.
    pub(crate) policy: Policy,
    /// The result of the last self-test: whether the probes fire.
    pub(crate) probe_armed: bool,
    /// Whether the witness is on.
    pub(crate) witness: bool,
    /// The sums of the witness's counters.
    pub(crate) readers: ReaderTotals,
    /// Slots for connects whose outcome is pending; 0: the module does not follow sockets beyond their connect.
    pub(crate) outcomes: u64,
    /// The sums of the outcome counters.
    pub(crate) outcome_totals: OutcomeTotals,
    /// Values of the table and the ring that all namespaces share.
    pub(crate) shared: Option<Shared>,
    /// Writes of the sysctls that were missed.
    pub(crate) sysctl_missed: u64,
    /// Whether the module has found the kernel's hash replaced.
    pub(crate) hash_replaced: bool,
    /// The hook: `kprobe` or `fprobe`.
    pub(crate) hook: &'static str,
}

/// Values that all namespaces share. They do not exist for one namespace.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Shared {
    /// Taken slots of the table: connects whose outcome is pending.
    pub(crate) pending: u64,
    /// Socket events that later ones have replaced.
    pub(crate) overwritten: u64,
}

impl Stats {
    /// Returns names and values in the order of `stats`.
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

    /// Returns the lines from `version` to `connects_filtered`, except those of the rings.
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

    /// Returns the lines about the hash.
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

    /// Returns the lines about the limits of one user.
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

    /// Returns the line about accepted sockets.
    fn accepted(&self) -> [(&'static str, Value); 1] {
        let other = self.outcome_totals.accepted_other;
        [("accepted_other_offset", Value::Number(other))]
    }

    /// Returns the lines about outcomes.
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
