// SPDX-License-Identifier: GPL-2.0

//! Counts one after the other in lines. Counts of 0 are left out.

use ratatui::{
    style::Style,
    text::{Line, Span},
};

use super::state::State;
use crate::model::{
    event::printable,
    kind::{label, Kind},
    number,
};

const INDENT: usize = 10;

/// Returns the lines about lost calls and records.
pub fn lost(state: &State, width: usize) -> Vec<Line<'static>> {
    let mut found = Vec::new();
    for (name, count) in numbers(state, &[Kind::Lost, Kind::LeftOut]) {
        // The ring replaces old records all the time, and the filter is the user's.
        let usual = Kind::of(name) == Kind::LeftOut || name.ends_with("_overwritten");
        let style = if usual {
            Style::new()
        } else {
            state.theme.lost()
        };
        found.push(Span::styled(written(name, name, count, state), style));
    }
    let reader = [
        ("events missed here", state.source.events.lost),
        ("malformed events", state.source.events.malformed),
    ];
    for (name, count) in reader.into_iter().filter(|&(_, count)| count > 0) {
        let text = format!("{name} {}", number::count(count));
        found.push(Span::styled(text, state.theme.lost()));
    }
    if found.is_empty() {
        found.push(Span::raw("nothing"));
    }
    wrapped("LOST", found, width, state)
}

/// Returns the lines about connections of listeners by their verdict; none if there are none.
pub fn accepted(state: &State, width: usize) -> Vec<Line<'static>> {
    let found = spans(state, Kind::Accepted);
    match found.is_empty() {
        true => Vec::new(),
        false => wrapped("ACCEPTED", found, width, state),
    }
}

/// Returns the lines about failed attempts by their reason, and about the filter that hides failures; none if there are none.
pub fn reasons(state: &State, width: usize) -> Vec<Line<'static>> {
    let mut found = spans(state, Kind::Reason);
    if let Some(filter) = &state.filter {
        let text = format!("filter: {}", printable(filter));
        found.push(Span::styled(text, state.theme.lost()));
    }
    match found.is_empty() {
        true => Vec::new(),
        false => wrapped("FAILED", found, width, state),
    }
}

/// Returns the counts of a kind, each with its short name and rate.
fn spans(state: &State, kind: Kind) -> Vec<Span<'static>> {
    numbers(state, &[kind])
        .map(|(name, count)| Span::raw(written(&label(name), name, count, state)))
        .collect()
}

fn numbers<'a>(state: &'a State, kinds: &'a [Kind]) -> impl Iterator<Item = (&'a str, u64)> {
    let numbers = state.source.rates.numbers();
    numbers.filter(|(name, count)| *count > 0 && kinds.contains(&Kind::of(name)))
}

fn written(label: &str, name: &str, count: u64, state: &State) -> String {
    let count = number::count(count);
    match state.source.rates.rate(name) {
        Some(rate) if rate > 0.0 => format!("{label} {count} ({}/s)", number::rate(Some(rate))),
        _ => format!("{label} {count}"),
    }
}

/// Breaks lines between the counts.
fn wrapped(
    heading: &str,
    spans: Vec<Span<'static>>,
    width: usize,
    state: &State,
) -> Vec<Line<'static>> {
    let heading = Span::styled(format!("{heading:<INDENT$}"), state.theme.heading());
    let mut lines = Vec::new();
    let (mut line, mut used) = (Line::from(heading), INDENT);
    for span in spans {
        if used > INDENT && used + span.width() > width {
            lines.push(std::mem::replace(&mut line, Line::raw(" ".repeat(INDENT))));
            used = INDENT;
        }
        used += span.width() + 2;
        line.push_span(span);
        line.push_span(Span::raw("  "));
    }
    lines.push(line);
    lines
}
