// SPDX-License-Identifier: GPL-2.0

//! The lines of stats, as docs/interface.md documents them.

use crate::model::{
    counts::{
        ledger::{Ledger, RecordCounts},
        stats::{Shared, Stats},
    },
    policy::Policy,
    witness::readers::ReaderTotals,
};

const DOCUMENTATION: &str = include_str!("../../../docs/interface.md");

/// Returns whether the first cell of a table's row names the line. One row can be about several lines.
fn is_documented(name: &str) -> bool {
    DOCUMENTATION.lines().any(|line| {
        line.strip_prefix("| ")
            .and_then(|row| row.split_once(" | "))
            .is_some_and(|(cell, _)| cell.split(", ").any(|word| word == format!("`{name}`")))
    })
}

fn stats() -> Stats<'static> {
    Stats {
        totals: leaked(),
        totals_v4: leaked(),
        ipv4: false,
        ledger: Ledger::Balanced,
        kept: Some(RecordCounts::default()),
        policy: Policy::PerConnection,
        probe_armed: true,
        witness: false,
        readers: ReaderTotals::default(),
        outcomes: 0,
        outcome_totals: leaked(),
        shared: Some(Shared {
            pending: 0,
            overwritten: 0,
            accepts_overwritten: 0,
        }),
        sysctl_missed: 0,
        hash_replaced: false,
        hook: "kprobe",
    }
}

/// Returns totals that are all 0 and live for ever.
fn leaked<T: Default>() -> &'static T {
    Box::leak(Box::default())
}

fn names(stats: &Stats<'_>) -> Vec<&'static str> {
    let mut names = Vec::new();
    stats.each(&mut |name, _| names.push(name));
    names
}

#[test]
fn version_comes_first() {
    assert_eq!(names(&stats())[0], "version");
}

/// All namespaces share the rings.
#[test]
fn a_namespace_has_no_lines_about_records_kept() {
    let mut all = names(&stats());
    let one = names(&Stats {
        kept: None,
        shared: None,
        ..stats()
    });
    assert_ne!(all, one);
    all.retain(|name| {
        !name.starts_with("records_")
            && ![
                "outcomes_pending",
                "outcomes_overwritten",
                "accepts_overwritten",
            ]
            .contains(name)
    });
    assert_eq!(all, one);
}

#[test]
fn every_line_is_documented() {
    for name in names(&stats()) {
        let name = if name.starts_with("connect_ns_below_") {
            "connect_ns_below_N"
        } else if name.starts_with("connect_v4_ns_below_") {
            "connect_v4_ns_below_N"
        } else {
            name
        };
        assert!(is_documented(name), "{name} is not documented");
    }
    assert!(!is_documented("connects_lost"));
}

#[test]
fn the_sysctl_decides_about_the_policy() {
    let names = [0, 1, 2].map(|value| Policy::from_tcp_timestamps(value).name());
    assert_eq!(names, ["off", "per-connection", "zero"]);
}
