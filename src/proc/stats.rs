// SPDX-License-Identifier: GPL-2.0

//! `/proc/tsoffset/stats`: counts, for everyone.

use kernel::sync::Arc;

use crate::{
    abstractions::{
        compat::{
            prelude::*,
            seq_file::{
                seq_print,
                SeqFile, //
            }, //
        },
        procfs::Show, //
    },
    core::{
        ledger::Ledger,
        policy::Policy,
        stats::{
            Stats,
            Value, //
        },
    },
    state::State,
    tcp::namespace::Namespace,
};

/// The file.
pub(super) struct StatsFile(pub(super) Arc<State>);

impl Show for StatsFile {
    const NAME: &'static CStr = c"stats";
    const MODE: u16 = 0o444;

    fn show(&self, out: &SeqFile) -> Result {
        let probe_armed = self.0.trial.counts();
        let first = self.0.totals();
        let kept = self.0.kept();
        let totals = self.0.totals();
        let stats = Stats {
            totals,
            kept,
            ledger: Ledger::check(&first, &kept, &totals),
            policy: Policy::from_tcp_timestamps(Namespace::initial().tcp_timestamps()),
            probe_armed,
            witness: self.0.overlaps.is_some(),
            readers: self.0.reader_totals(),
        };

        for (name, value) in stats.lines() {
            match value {
                Value::Number(number) => seq_print!(out, "{name} {number}\n"),
                Value::Word(word) => seq_print!(out, "{name} {word}\n"),
            }
        }
        Ok(())
    }
}
