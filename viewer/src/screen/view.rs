// SPDX-License-Identifier: GPL-2.0

//! The layout. A terminal of any size shows the parts that fit, from the top.

use ratatui::{
    layout::Rect,
    style::Style,
    text::Line,
    widgets::Paragraph,
    Frame, //
};

use super::{blocks, flow, list, state::State};
use crate::model::{alert::alerts, number, stats::Stats};

/// Lines of counts below the blocks at most: lines of later modules can make the text long.
const MOST_FLOW: usize = 4;

const KEYS: &str = " q quit  p pause  d latency: last interval  +/- interval  up/down scroll";

/// Draws the screen.
pub fn draw(frame: &mut Frame, state: &State) {
    let area = frame.area();
    // The keys have the last line, on every terminal.
    let height = area.height.saturating_sub(1);
    let last = Rect {
        y: area.y + height,
        height: area.height - height,
        ..area
    };
    draw_line(frame, last, KEYS.into(), state.theme.frame());
    let mut rows = Rows {
        area: Rect { height, ..area },
        next: 0,
    };
    draw_line(frame, rows.take(1), title(state), state.theme.frame());
    match (state.source.rates.stats(), &state.trouble) {
        (Some(stats), None) => counts(frame, &mut rows, state, stats),
        (_, trouble) => {
            let trouble = trouble.as_deref().unwrap_or("nothing is read yet");
            draw_line(
                frame,
                rows.take(1),
                format!("! {trouble}"),
                state.theme.wrong(),
            );
            rows.take(1);
        }
    }
    list::draw(frame, rows.take(rows.rest()), state);
}

/// Draws everything but the failures. The blocks take half of the rows at most.
fn counts(frame: &mut Frame, rows: &mut Rows, state: &State, stats: &Stats) {
    let width = rows.area.width.into();
    draw_line(frame, rows.take(1), calls(state, stats), Style::new());
    let found = alerts(stats);
    let text = match found.is_empty() {
        true => String::new(),
        false => format!("! {}", found.join("; ")),
    };
    draw_line(frame, rows.take(1), text, state.theme.wrong());
    let height = blocks::wanted(state).min(rows.rest() / 2);
    blocks::draw(frame, rows.take(height), state);
    rows.take(1);
    let mut flow = flow::lost(state, width);
    flow.extend(flow::accepted(state, width));
    flow.extend(flow::reasons(state, width));
    flow.truncate(MOST_FLOW);
    let height = flow.len() as u16;
    frame.render_widget(Paragraph::new(flow), rows.take(height));
    rows.take(1);
}

/// The rows that are not taken yet.
struct Rows {
    area: Rect,
    next: u16,
}

impl Rows {
    fn rest(&self) -> u16 {
        self.area.height - self.next
    }

    fn take(&mut self, height: u16) -> Rect {
        let height = height.min(self.rest());
        let taken = Rect {
            y: self.area.y + self.next,
            height,
            ..self.area
        };
        self.next += height;
        taken
    }
}

fn draw_line(frame: &mut Frame, area: Rect, text: String, style: Style) {
    frame.render_widget(Paragraph::new(Line::raw(text)).style(style), area);
}

fn title(state: &State) -> String {
    let interval = match state.paused {
        true => "PAUSED".into(),
        false => format!("every {} s", state.interval.as_secs_f64()),
    };
    let mut words = vec![
        format!(" tsoffset-top: {}", state.source.files.scope()),
        interval,
    ];
    if let Some(stats) = state.source.rates.stats() {
        for (name, text) in [
            ("policy", ""),
            ("ledger", "ledger "),
            ("witness", "witness "),
            ("hook", "hook "),
        ] {
            let word = stats.word(name);
            if !word.is_empty() && word != "off" {
                words.push(format!("{text}{word}"));
            }
        }
    }
    words.join("  ")
}

fn calls(state: &State, stats: &Stats) -> String {
    let mut text = String::from("connects");
    for (name, count) in stats.numbers() {
        let word = match name {
            "connects_called" => "called",
            "connects_v4_called" if stats.word("ipv4") == "on" => "called over IPv4",
            "offset_v4mapped" => "v4-mapped",
            "connects_in_flight" => "in flight",
            "connects_v4_in_flight" if stats.word("ipv4") == "on" => "in flight over IPv4",
            _ => continue,
        };
        let rate = match state.source.rates.rate(name) {
            Some(rate) => format!(" ({}/s)", number::rate(Some(rate))),
            None => String::new(),
        };
        text.push_str(&format!("  {} {word}{rate}", number::count(count)));
    }
    text
}

#[cfg(test)]
#[path = "view_tests.rs"]
mod tests;
