// SPDX-License-Identifier: GPL-2.0

//! Three blocks beside each other: verdicts, outcomes, latencies.

use ratatui::{
    layout::Rect,
    style::Style,
    text::{Line, Span},
    widgets::Paragraph,
    Frame, //
};

use super::state::State;
use crate::model::{
    histogram::{Bucket, Histogram},
    kind::{label, Kind},
    number,
};

/// The columns of a block of counts: label, rate, total.
const COUNTS: u16 = 25;

/// The columns beside a bar: bound and count.
const BESIDE_BAR: usize = 7 + 1 + 1 + 5;

/// A row of a block of counts.
struct Row {
    label: String,
    rate: Option<f64>,
    count: u64,
    style: Style,
}

/// Returns the rows of the highest block, with its heading.
pub fn wanted(state: &State) -> u16 {
    let latencies = Histogram::of_connects(&state.source.rates, state.recent)
        .rows(usize::MAX)
        .len();
    let rows = verdicts(state)
        .len()
        .max(outcomes(state).len())
        .max(latencies);
    rows as u16 + 1
}

/// Draws the blocks that fit into the width.
pub fn draw(frame: &mut Frame, area: Rect, state: &State) {
    let mut x = area.x;
    for (title, rows) in [("VERDICT", verdicts(state)), ("OUTCOME", outcomes(state))] {
        let width = COUNTS.min(area.right().saturating_sub(x));
        let lines = counts(title, rows, area.height.into(), state);
        frame.render_widget(Paragraph::new(lines), Rect { x, width, ..area });
        x = (x + COUNTS + 2).min(area.right());
    }
    let width = area.right() - x;
    if usize::from(width) > BESIDE_BAR {
        frame.render_widget(
            Paragraph::new(latency(state, area.height.into(), width.into())),
            Rect { x, width, ..area },
        );
    }
}

fn rows(state: &State, kind: Kind) -> Vec<Row> {
    let numbers = state.source.rates.numbers();
    let rows = numbers
        .filter(|(name, _)| Kind::of(name) == kind)
        .map(|(name, count)| {
            let wrong = count > 0
                && ["mismatch", "rewritten"]
                    .iter()
                    .any(|word| name.ends_with(word));
            let style = if wrong {
                state.theme.wrong()
            } else {
                Style::new()
            };
            Row {
                label: label(name),
                rate: state.source.rates.rate(name),
                count,
                style,
            }
        });
    rows.collect()
}

fn verdicts(state: &State) -> Vec<Row> {
    rows(state, Kind::Verdict)
}

/// Returns the outcomes of handshakes, then the verdicts on offsets at close; nothing if the module does not follow them.
fn outcomes(state: &State) -> Vec<Row> {
    if state
        .source
        .rates
        .stats()
        .is_none_or(|stats| stats.number("outcomes") == 0)
    {
        return Vec::new();
    }
    let mut rows = rows(state, Kind::Outcome);
    rows.extend(self::rows(state, Kind::Closed));
    for row in rows.iter_mut().filter(|row| row.label == "kept") {
        row.label = "offset kept".into();
    }
    rows
}

/// Writes a block. Where there are more rows than lines, rows of 0 go first, from the end.
fn counts(title: &str, mut rows: Vec<Row>, height: usize, state: &State) -> Vec<Line<'static>> {
    let heading = format!("{title:<13}{:>6}{:>6}", "/s", "total");
    let mut lines = vec![Line::styled(heading, state.theme.heading())];
    if rows.is_empty() {
        lines.extend(["not followed: load with", "outcomes=4096"].map(Line::raw));
    }
    while rows.len() + 1 > height {
        let Some(zero) = rows.iter().rposition(|row| row.count == 0) else {
            break;
        };
        rows.remove(zero);
    }
    for row in rows {
        let text = format!(
            "{:<13}{:>6}{:>6}",
            row.label,
            number::rate(row.rate),
            number::count(row.count)
        );
        lines.push(Line::styled(text, row.style));
    }
    lines
}

fn latency(state: &State, height: usize, width: usize) -> Vec<Line<'static>> {
    let calls = Histogram::of_connects(&state.source.rates, state.recent);
    let bound = |bucket: Option<Bucket>| match bucket {
        Some(Bucket {
            below: Some(bound), ..
        }) => format!("<{}", number::duration(bound)),
        Some(_) => ">max".into(),
        None => "-".into(),
    };
    let what = if state.recent { "LAST" } else { "CALLS" };
    let quantiles = format!(
        " 50%{} 99%{}",
        bound(calls.quantile(0.5)),
        bound(calls.quantile(0.99))
    );
    let mut lines = vec![Line::from(vec![
        Span::styled(what, state.theme.heading()),
        Span::raw(quantiles),
    ])];
    let rows = calls.rows(height.saturating_sub(1));
    let most = rows
        .iter()
        .map(|bucket| bucket.count)
        .max()
        .unwrap_or(0)
        .max(1);
    for bucket in &rows {
        let label = match (bucket.below, rows.as_slice()) {
            (Some(bound), _) => format!("<{}", number::duration(bound)),
            (
                None,
                [.., Bucket {
                    below: Some(bound), ..
                }, _],
            ) => format!(">{}", number::duration(*bound)),
            (None, _) => ">max".into(),
        };
        let room = width - BESIDE_BAR;
        let bar = state
            .theme
            .bar_of(bucket.count as f64 / most as f64 * room as f64);
        lines.push(Line::from(vec![
            Span::raw(format!("{label:>7} ")),
            Span::styled(format!("{bar:<room$}"), state.theme.bar()),
            Span::raw(format!(" {:>5}", number::count(bucket.count))),
        ]));
    }
    lines
}
