// SPDX-License-Identifier: GPL-2.0

//! The lines of stats, as docs/interface.md documents them.

use crate::model::{
    counts::{
        counters::Totals,
        ledger::{Ledger, RecordCounts},
        stats::{Shared, Stats},
    },
    policy::Policy,
    sockets::outcomes::OutcomeTotals,
    witness::readers::ReaderTotals,
};

const DOCUMENTATION: &str = include_str!("../../../docs/interface.md");

fn stats() -> Stats {
    Stats {
        totals: Totals::default(),
        ledger: Ledger::Balanced,
        kept: Some(RecordCounts::default()),
        policy: Policy::PerConnection,
        probe_armed: true,
        witness: false,
        readers: ReaderTotals::default(),
        outcomes: 0,
        outcome_totals: OutcomeTotals::default(),
        shared: Some(Shared {
            pending: 0,
            overwritten: 0,
        }),
        sysctl_missed: 0,
        hash_replaced: false,
        hook: "kprobe",
    }
}

#[test]
fn version_comes_first() {
    assert_eq!(stats().lines().next().unwrap().0, "version");
}

/// All namespaces share the rings.
#[test]
fn a_namespace_has_no_lines_about_records_kept() {
    let names = |stats: &Stats| -> Vec<_> { stats.lines().map(|(name, _)| name).collect() };
    let mut all = names(&stats());
    let one = names(&Stats {
        kept: None,
        shared: None,
        ..stats()
    });
    assert_ne!(all, one);
    all.retain(|name| {
        !name.starts_with("records_")
            && !["outcomes_pending", "outcomes_overwritten"].contains(name)
    });
    assert_eq!(all, one);
}

#[test]
fn every_line_is_documented() {
    for (name, _) in stats().lines() {
        let name = if name.starts_with("connect_ns_below_") {
            "connect_ns_below_N"
        } else {
            name
        };
        assert!(
            DOCUMENTATION.contains(&format!("| `{name}` |")),
            "{name} is not documented"
        );
    }
}

#[test]
fn the_sysctl_decides_about_the_policy() {
    let names = [0, 1, 2].map(|value| Policy::from_tcp_timestamps(value).name());
    assert_eq!(names, ["off", "per-connection", "zero"]);
}
