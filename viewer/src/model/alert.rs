// SPDX-License-Identifier: GPL-2.0

//! Facts in `stats` that an operator has to know first.

use super::stats::Stats;

/// Returns texts about these facts, the worst first.
pub fn alerts(stats: &Stats) -> Vec<String> {
    let mut found = Vec::new();
    for (name, count) in stats.numbers().filter(|&(_, count)| count > 0) {
        if name.starts_with("offset_") && name.ends_with("mismatch") {
            found.push(format!("{name} {count}: wrong offsets"));
        } else if name == "offset_rewritten" {
            found.push(format!("{name} {count}: offsets written after connect"));
        }
    }
    if stats.word("ledger") == "unbalanced" {
        found.push("ledger unbalanced: do not rely on the counts".into());
    }
    if stats.get("probe_armed").is_some() && stats.number("probe_armed") == 0 {
        found.push("probe_armed 0: nothing is counted".into());
    }
    if stats.word("hash") == "replaced" {
        found.push("hash replaced: no verdicts".into());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATS: &str = include_str!("../../tests/proc/tsoffset/stats");

    fn of(from: &str, to: &str) -> Vec<String> {
        assert!(STATS.contains(from), "{from}");
        alerts(&Stats::parse(&STATS.replace(from, to)).unwrap())
    }

    #[test]
    fn each_fact_has_an_alert() {
        assert!(of("version", "version").is_empty());
        for (from, to) in [
            ("offset_mismatch 0", "offset_mismatch 3"),
            ("offset_mismatch 0", "offset_v4_mismatch 3"),
            ("offset_rewritten 0", "offset_rewritten 1"),
            ("ledger balanced", "ledger unbalanced"),
            ("probe_armed 1", "probe_armed 0"),
            ("hash kernel", "hash replaced"),
        ] {
            let found = of(from, to);
            assert_eq!(found.len(), 1);
            assert!(found[0].starts_with(to), "{found:?}");
        }
    }
}
