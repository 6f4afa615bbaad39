// SPDX-License-Identifier: GPL-2.0

//! The kinds of lines of `stats`. Names decide, so that a line of a later module has a kind, too.

/// The kind of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Calls by the verdict on their offset. The kinds exclude each other.
    Verdict,
    /// Handshakes by their end.
    Outcome,
    /// Closed sockets by the verdict on their offset at close.
    Closed,
    /// Failed attempts by their reason.
    Reason,
    /// Connections of listeners by the verdict on their offset.
    Accepted,
    /// Something that the module did not follow, did not record, or replaced.
    Lost,
    /// Records that the filter left out.
    LeftOut,
    /// Calls by their duration.
    Latency,
    /// A present value, not a count since the load.
    Present,
    /// Any other line.
    Other,
}

const VERDICTS: [&str; 5] = ["match", "zero", "changed", "mismatch", "repair"];
const CLOSED: [&str; 3] = ["kept", "rewritten", "unjudged"];
const ACCEPTED: [&str; 7] = [
    "match",
    "zero",
    "absent",
    "syncookie",
    "chosen",
    "unjudged",
    "owned",
];
const LOST: [&str; 7] = [
    "missed",
    "capped",
    "overflow",
    "overwritten",
    "untimed",
    "dropped",
    "lost",
];
const PRESENT: [&str; 3] = ["version", "probe_armed", "outcomes"];

impl Kind {
    /// Returns the kind of the line of that name.
    pub fn of(name: &str) -> Self {
        let last = name.rsplit('_').next().unwrap_or(name);
        let offset = name.strip_prefix("offset_").map(without_family);
        let connects = name.strip_prefix("connects_").map(without_family);
        if bucket(name).is_some() {
            Self::Latency
        } else if PRESENT.contains(&name)
            || name.ends_with("_in_flight")
            || ["readable", "pending"].contains(&last)
        {
            Self::Present
        } else if offset.is_some_and(|word| VERDICTS.contains(&word))
            || connects.is_some_and(|word| ["unjudged", "failed"].contains(&word))
        {
            Self::Verdict
        } else if offset.is_some_and(|word| CLOSED.contains(&word)) {
            Self::Closed
        } else if name.starts_with("outcome_") {
            Self::Outcome
        } else if name.starts_with("failed_") {
            Self::Reason
        } else if name
            .strip_prefix("accepted_")
            .is_some_and(|word| ACCEPTED.contains(&word))
        {
            Self::Accepted
        } else if LOST.contains(&last) {
            Self::Lost
        } else if last == "filtered" {
            Self::LeftOut
        } else {
            Self::Other
        }
    }
}

/// Returns a short name of a verdict, an outcome or a reason: `match`, `match v4`, `refused`.
pub fn label(name: &str) -> String {
    let word = name.split_once('_').map_or(name, |(_, word)| word);
    match word.strip_prefix("v4_") {
        Some(word) => format!("{word} v4"),
        None => word.into(),
    }
}

/// Returns the histogram of a line, and the exclusive upper bound of its bucket in nanoseconds; `None` for the last bucket.
pub fn bucket(name: &str) -> Option<(&str, Option<u64>)> {
    if let Some(histogram) = name.strip_suffix("_ns_above") {
        return Some((histogram, None));
    }
    let (histogram, bound) = name.rsplit_once("_ns_below_")?;
    Some((histogram, Some(bound.parse().ok()?)))
}

fn without_family(word: &str) -> &str {
    word.strip_prefix("v4_").unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_has_its_kind() {
        for (name, kind) in [
            ("offset_match", Kind::Verdict),
            ("offset_v4_mismatch", Kind::Verdict),
            ("connects_failed", Kind::Verdict),
            ("connects_v4_unjudged", Kind::Verdict),
            ("offset_v4mapped", Kind::Other),
            ("offset_unjudged", Kind::Closed),
            ("offset_rewritten", Kind::Closed),
            ("outcome_established", Kind::Outcome),
            ("outcome_later", Kind::Outcome),
            ("outcomes_begun", Kind::Other),
            ("outcomes", Kind::Present),
            ("outcomes_pending", Kind::Present),
            ("outcomes_overflow", Kind::Lost),
            ("outcomes_untimed", Kind::Lost),
            ("failed_no_route", Kind::Reason),
            ("failed_filtered", Kind::Reason),
            ("failures_filtered", Kind::LeftOut),
            ("accepted_match", Kind::Accepted),
            ("accepted_owned", Kind::Accepted),
            ("accepted_cookie_missed", Kind::Lost),
            ("accepted_other_offset", Kind::Other),
            ("connects_v4_missed", Kind::Lost),
            ("later_dropped", Kind::Lost),
            ("records_overwritten", Kind::Lost),
            ("records_readable", Kind::Present),
            ("connects_v4_in_flight", Kind::Present),
            ("connect_ns_below_1024", Kind::Latency),
            ("connect_v4_ns_above", Kind::Latency),
            ("connects_called", Kind::Other),
            ("reader_unjudged", Kind::Other),
        ] {
            assert_eq!(Kind::of(name), kind, "{name}");
        }
    }

    #[test]
    fn labels_are_short() {
        assert_eq!(label("offset_match"), "match");
        assert_eq!(label("offset_v4_match"), "match v4");
        assert_eq!(label("connects_failed"), "failed");
        assert_eq!(label("failed_no_route"), "no_route");
    }
}
