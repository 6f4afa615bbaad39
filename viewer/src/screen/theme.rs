// SPDX-License-Identifier: GPL-2.0

//! Colours and characters that the terminal has.

use ratatui::style::{Color, Modifier, Style};

/// How the screen looks.
#[derive(Clone, Copy)]
pub struct Theme {
    colour: bool,
    unicode: bool,
}

impl Theme {
    /// Returns the theme that these variables of the environment ask for: NO_COLOR, and the character set of the locale.
    pub fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &&str| variable(name).filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .iter()
            .find_map(set)
            .unwrap_or_default();
        let locale = locale.to_lowercase();
        Self {
            colour: set(&"NO_COLOR").is_none(),
            unicode: locale.ends_with("utf-8") || locale.ends_with("utf8"),
        }
    }

    fn coloured(self, colour: Color) -> Style {
        match self.colour {
            true => Style::new().fg(colour),
            false => Style::new(),
        }
    }

    /// Returns the style of a heading.
    pub fn heading(self) -> Style {
        self.coloured(Color::Cyan).add_modifier(Modifier::BOLD)
    }

    /// Returns the style of alerts.
    pub fn wrong(self) -> Style {
        self.coloured(Color::Red).add_modifier(Modifier::BOLD)
    }

    /// Returns the style of lost counts.
    pub fn lost(self) -> Style {
        self.coloured(Color::Yellow)
    }

    /// Returns the style of the bars.
    pub fn bar(self) -> Style {
        self.coloured(Color::Green)
    }

    /// Returns the style of the lines at the top and at the bottom.
    pub fn frame(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// Returns a bar of a length in columns.
    pub fn bar_of(self, length: f64) -> String {
        let halves = (length * 2.0).round() as usize;
        match self.unicode {
            true => "█".repeat(halves / 2) + if halves % 2 == 1 { "▌" } else { "" },
            false => "#".repeat(halves.div_ceil(2)),
        }
    }

    /// Returns the sign for left-out text.
    pub fn ellipsis(self) -> char {
        match self.unicode {
            true => '…',
            false => '~',
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn theme(variables: &[(&str, &str)]) -> Theme {
        Theme::of_environment(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| value.to_string())
        })
    }

    #[test]
    fn no_color_shows_no_colours() {
        for (variables, colour) in [
            (vec![], true),
            (vec![("NO_COLOR", "")], true),
            (vec![("NO_COLOR", "1")], false),
        ] {
            let theme = theme(&variables);
            let styles = [
                theme.heading(),
                theme.wrong(),
                theme.lost(),
                theme.bar(),
                theme.frame(),
            ];
            assert_eq!(
                styles.iter().any(|style| style.fg.is_some()),
                colour,
                "{variables:?}"
            );
        }
    }

    #[test]
    fn the_locale_decides_on_characters() {
        assert_eq!(theme(&[("LANG", "C.UTF-8")]).bar_of(2.5), "██▌");
        assert_eq!(theme(&[("LANG", "C")]).bar_of(2.5), "###");
        assert_eq!(
            theme(&[("LANG", "C.UTF-8"), ("LC_ALL", "POSIX")]).bar_of(0.2),
            ""
        );
        assert_eq!(theme(&[]).ellipsis(), '~');
    }
}
