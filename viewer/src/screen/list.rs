// SPDX-License-Identifier: GPL-2.0

//! The last failures, one a line.

use ratatui::{
    layout::Rect,
    text::Line,
    widgets::Paragraph,
    Frame, //
};

use super::{state::State, theme::Theme};
use crate::model::{failure::Failure, number};

/// The width from which a line has the user, too.
const WIDE: usize = 100;

/// Draws the heading and as many failures as fit.
pub fn draw(frame: &mut Frame, area: Rect, state: &State) {
    let mut lines = vec![heading(state, area.width.into())];
    let rows = usize::from(area.height);
    match state.source.events.trouble() {
        Some(trouble) => lines.push(Line::raw(trouble.to_string())),
        None => {
            let shown = state.source.failures.newest().skip(state.scroll).take(rows);
            lines.extend(shown.map(|failure| line(failure, state, area.width.into())));
            if lines.len() == 1 {
                lines.push(Line::raw("none"));
            }
        }
    }
    frame.render_widget(Paragraph::new(lines), area);
}

/// Writes the names of the columns.
fn heading(state: &State, width: usize) -> Line<'static> {
    let mut text = format!("{:<16} {:>6} {:<21} ", "FAILURES", "TOOK", "CALLER");
    if width >= WIDE {
        text.push_str(&format!("{:<10} {:<12} ", "USER", "NAMESPACE"));
    }
    Line::styled(text + "DESTINATION", state.theme.heading())
}

fn line(failure: &Failure, state: &State, width: usize) -> Line<'static> {
    let age = failure.age(state.uptime).map_or("-".into(), number::age);
    let took = failure.took().map_or("-".into(), number::duration);
    let who = shortened(&failure.caller(), 21, state.theme);
    let mut text = format!(
        "{age:>4} {:<11} {took:>6} {who:<21} ",
        shortened(&failure.reason(), 11, state.theme)
    );
    if width >= WIDE {
        let number = |key| {
            failure
                .event
                .number(key)
                .map_or("-".into(), |number| number.to_string())
        };
        text.push_str(&format!("{:<10} {:<12} ", number("uid"), number("netns")));
    }
    let rest = width.saturating_sub(text.chars().count());
    text.push_str(&shortened(&failure.destination(), rest, state.theme));
    Line::raw(text)
}

/// Leaves out the middle of a text that is too long: the ends tell more.
fn shortened(text: &str, width: usize, theme: Theme) -> String {
    let length = text.chars().count();
    if length <= width || width == 0 {
        return text.chars().take(width).collect();
    }
    let (first, last) = ((width - 1) / 2, width - 1 - (width - 1) / 2);
    let mut short: String = text.chars().take(first).collect();
    short.push(theme.ellipsis());
    short.extend(text.chars().skip(length - last));
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_a_long_text_stay() {
        let theme = Theme::of_environment(|_| None);
        assert_eq!(
            shortened("[2001:db8::1]:443", 17, theme),
            "[2001:db8::1]:443"
        );
        assert_eq!(shortened("[2001:db8::1]:443", 10, theme), "[200~]:443");
        for width in 0..20 {
            assert!(shortened("[2001:db8::1]:443", width, theme).len() <= width);
        }
    }
}
