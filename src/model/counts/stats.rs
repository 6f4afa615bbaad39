// SPDX-License-Identifier: GPL-2.0

//! The lines of `stats`. Their names are a contract (docs/interface.md).

use crate::model::{
    counts::{
        counters::Totals,
        histogram,
        ledger::{Ledger, RecordCounts},
    },
    policy::Policy,
    records::{accepted::Accepted, failure::Reason, socket_event::Outcome},
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
pub(crate) struct Stats<'a> {
    /// The sums of the connect counters.
    pub(crate) totals: &'a Totals,
    /// The sums of the connect counters of IPv4.
    pub(crate) totals_v4: &'a Totals,
    /// Whether connects of IPv4 are followed.
    pub(crate) ipv4: bool,
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
    pub(crate) outcome_totals: &'a OutcomeTotals,
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
    /// Socket events that later ones have replaced, except accepted connections.
    pub(crate) overwritten: u64,
    /// Accepted connections that later ones have replaced.
    pub(crate) accepts_overwritten: u64,
}

impl Stats<'_> {
    /// Passes names and values to `line`, in the order of `stats`.
    ///
    /// A kernel stack has 16 KiB: at most one array of lines is on it at a time.
    pub(crate) fn each(&self, line: &mut dyn FnMut(&'static str, Value)) {
        self.pass(Self::counts, line);
        if let Some(kept) = &self.kept {
            line("records_readable", Value::Number(kept.readable));
            line("records_overwritten", Value::Number(kept.overwritten));
        }
        for (name, count) in histogram::NAMES.iter().zip(&self.totals.durations) {
            line(name, Value::Number(*count));
        }
        self.pass(Self::outcomes, line);
        if let Some(shared) = &self.shared {
            line("outcomes_pending", Value::Number(shared.pending));
            line("outcomes_overwritten", Value::Number(shared.overwritten));
        }
        self.pass(Self::hash, line);
        self.pass(Self::shares, line);
        line("hook", Value::Word(self.hook));
        let other = self.outcome_totals.accepted_other;
        line("accepted_other_offset", Value::Number(other));
        line("sysctl_missed", Value::Number(self.sysctl_missed));
        self.pass(Self::failures, line);
        self.pass(Self::ipv4, line);
        for (name, count) in histogram::NAMES_V4.iter().zip(&self.totals_v4.durations) {
            line(name, Value::Number(*count));
        }
        self.pass(Self::accepts, line);
        if let Some(shared) = &self.shared {
            line(
                "accepts_overwritten",
                Value::Number(shared.accepts_overwritten),
            );
        }
        line("outcomes_capped", Value::Number(self.outcome_totals.capped));
    }

    /// Passes the lines of one part. Not inlined: its array leaves the stack with it.
    #[inline(never)]
    fn pass<const N: usize>(
        &self,
        part: fn(&Self) -> [(&'static str, Value); N],
        line: &mut dyn FnMut(&'static str, Value),
    ) {
        for (name, value) in part(self) {
            line(name, value);
        }
    }

    /// Returns the lines from `version` to `connects_filtered`, except those of the rings.
    fn counts(&self) -> [(&'static str, Value); 26] {
        use Value::{Number, Word};

        let totals = self.totals;
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
        let outcomes = self.outcome_totals;
        [
            ("connects_capped", self.totals.capped),
            ("reader_capped", self.readers.capped),
            ("repairs_missed", outcomes.repairs_missed()),
            ("repairs_noted", outcomes.repairs_noted),
            ("repairs_shared", outcomes.repairs_shared),
        ]
        .map(|(name, count)| (name, Value::Number(count)))
    }

    /// Returns the lines about accepted connections.
    fn accepts(&self) -> [(&'static str, Value); 10] {
        let totals = self.outcome_totals;
        let with = |verdict| totals.accepted[verdict as usize];
        [
            ("accepted_match", with(Accepted::Match)),
            ("accepted_zero", with(Accepted::Zero)),
            ("accepted_absent", with(Accepted::Absent)),
            ("accepted_syncookie", with(Accepted::SynCookie)),
            ("accepted_chosen", with(Accepted::Chosen)),
            ("accepted_unjudged", with(Accepted::Unjudged)),
            ("accepts_recorded", totals.accepts_recorded),
            ("accepts_filtered", totals.accepts_filtered),
            ("accepted_owned", totals.accepted_owned),
            ("accepted_cookie_missed", totals.syn_cookies_missed()),
        ]
        .map(|(name, count)| (name, Value::Number(count)))
    }

    /// Returns the lines about connects of IPv4, except their durations.
    fn ipv4(&self) -> [(&'static str, Value); 16] {
        use Value::{Number, Word};

        let totals = self.totals_v4;
        [
            ("ipv4", Word(if self.ipv4 { "on" } else { "off" })),
            ("connects_v4_called", Number(totals.called)),
            ("connects_v4_missed", Number(totals.missed())),
            ("connects_v4_entered", Number(totals.entered)),
            ("connects_v4_returned", Number(totals.returned)),
            ("connects_v4_in_flight", Number(totals.in_flight)),
            ("connects_v4_capped", Number(totals.capped)),
            ("connects_v4_failed", Number(totals.with(Verdict::Failed))),
            ("offset_v4_match", Number(totals.with(Verdict::Match))),
            ("offset_v4_zero", Number(totals.with(Verdict::Zero))),
            ("offset_v4_changed", Number(totals.with(Verdict::Changed))),
            ("offset_v4_mismatch", Number(totals.with(Verdict::Mismatch))),
            ("offset_v4_repair", Number(totals.with(Verdict::Repair))),
            (
                "connects_v4_unjudged",
                Number(totals.with(Verdict::Unjudged)),
            ),
            ("connects_v4_recorded", Number(totals.recorded)),
            ("connects_v4_filtered", Number(totals.filtered)),
        ]
    }

    /// Returns the lines about failed attempts.
    fn failures(&self) -> [(&'static str, Value); 11] {
        let totals = self.outcome_totals;
        let with = |reason| totals.failed[reason as usize];
        [
            ("failed_refused", with(Reason::Refused)),
            ("failed_timeout", with(Reason::Timeout)),
            ("failed_reset", with(Reason::Reset)),
            ("failed_unreachable", with(Reason::Unreachable)),
            ("failed_no_route", with(Reason::NoRoute)),
            ("failed_no_port", with(Reason::NoPort)),
            ("failed_filtered", with(Reason::Filtered)),
            ("failed_closed", with(Reason::Closed)),
            ("failed_error", with(Reason::Error)),
            ("failures_recorded", totals.failures_recorded),
            ("failures_filtered", totals.failures_filtered),
        ]
        .map(|(name, count)| (name, Value::Number(count)))
    }

    /// Returns the lines about outcomes.
    fn outcomes(&self) -> [(&'static str, Value); 16] {
        let totals = self.outcome_totals;
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
