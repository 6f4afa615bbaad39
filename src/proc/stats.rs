// SPDX-License-Identifier: GPL-2.0

//! `/proc/tsoffset/stats`: counts, for everyone, or for root with `private=1`.

use kernel::sync::Arc;

use crate::{
    abstractions::{
        capability::net_admin_of,
        compat::prelude::*,
        net::Net,
        procfs::{
            ProcFile,
            Show, //
        },
        task::Caller, //
    },
    model::{
        counts::{
            ledger::{Ledger, RecordCounts},
            stats::{Stats, Value},
        },
        policy::Policy,
    },
    state::net_counts::Sums,
    state::State,
    tcp::namespace::tcp_timestamps,
};

/// The file `stats`.
pub(super) struct StatsFile(pub(super) Arc<State>);

impl ProcFile for StatsFile {
    const NAME: &'static CStr = c"stats";

    fn mode(&self) -> u16 {
        self.0.counts_mode()
    }

    fn may_open() -> bool {
        true
    }
}

impl Show for StatsFile {
    fn show(&self, out: &SeqFile) -> Result {
        let state = &self.0;
        // An unprivileged reader does not start a self-test.
        let probe_armed = if Caller::current().uid == 0 || net_admin_of(Net::initial()) {
            state.self_test.counts()
        } else {
            state.self_test.counted()
        };
        let first = state.sums()?;
        let kept = state.record_counts()?;
        let second = state.sums()?;
        let sums = [&*first, &*second];

        print(out, state, Net::initial(), probe_armed, sums, Some(kept));
        Ok(())
    }
}

/// Writes the lines, from two consecutive sums and the ring counts in between, with the policy of a namespace.
pub(super) fn print(
    out: &SeqFile,
    state: &State,
    net: Net<'_>,
    probe_armed: bool,
    [first, second]: [&Sums; 2],
    kept: Option<RecordCounts>,
) {
    let stats = Stats {
        totals: &second.connects,
        kept,
        totals_v4: &second.connects_v4,
        ipv4: state.ipv4(),
        ledger: Ledger::check_both(
            [&first.connects, &first.connects_v4],
            kept.as_ref(),
            [&second.connects, &second.connects_v4],
        ),
        policy: Policy::from_tcp_timestamps(tcp_timestamps(net)),
        probe_armed,
        witness: state.overlaps.is_some(),
        readers: second.readers,
        outcomes: state
            .socket_events
            .as_ref()
            .map_or(0, |socket_events| socket_events.handshakes.room()),
        outcome_totals: &second.outcomes,
        sysctl_missed: second.sysctl_missed,
        // None for one namespace, as for the rings.
        shared: kept.map(|_| state.shared()),
        hash_replaced: state.hash.was_replaced(),
        hook: state.hook.name(),
    };

    stats.each(&mut |name, value| match value {
        Value::Number(number) => seq_print!(out, "{name} {number}\n"),
        Value::Word(word) => seq_print!(out, "{name} {word}\n"),
    });
}
