// SPDX-License-Identifier: GPL-2.0

//! One reading of the module's `stats`. Unknown lines stay in it.

use std::fmt;

use anyhow::{bail, ensure, Context, Result};

/// The version of the interface that this program reads.
const VERSION: u64 = 1;

/// Lines that every module prints.
const REQUIRED: [&str; 3] = ["connects_called", "connects_returned", "ledger"];

/// The value of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Number(u64),
    Word(String),
}

impl Value {
    fn parse(text: &str) -> Option<Self> {
        let word =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
        if text.starts_with(|first: char| first.is_ascii_digit()) {
            text.parse().ok().map(Self::Number)
        } else if !text.is_empty() && text.bytes().all(word) {
            Some(Self::Word(text.into()))
        } else {
            None
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Word(word) => f.pad(word),
        }
    }
}

/// The lines of `stats`, in their order.
#[derive(Clone, Debug, Default)]
pub struct Stats(Vec<(String, Value)>);

impl Stats {
    /// Parses the file. Fails if a line is no name with a value, if the version is another one, or if a line is missing that
    /// every module prints.
    pub fn parse(text: &str) -> Result<Self> {
        let mut stats = Self::default();
        for (number, line) in (1..).zip(text.lines()) {
            let (name, value) = Self::line(line)
                .with_context(|| format!("line {number} is not a name and a value"))?;
            if number == 1 {
                ensure!(name == "version", "the first line is not the version");
                ensure!(
                    value == Value::Number(VERSION),
                    "version {value} of the interface: this tsoffset-top reads version {VERSION} only"
                );
            }
            if stats.get(name).is_some() {
                bail!("line {number} is a second {name}");
            }
            stats.0.push((name.into(), value));
        }
        for name in REQUIRED {
            ensure!(stats.get(name).is_some(), "there is no line {name}");
        }
        Ok(stats)
    }

    fn line(line: &str) -> Option<(&str, Value)> {
        let (name, value) = line.split_once(' ')?;
        let valid = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        (name.starts_with(|first: char| first.is_ascii_lowercase()) && name.bytes().all(valid))
            .then_some((name, Value::parse(value)?))
    }

    /// Returns the value of a line.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.iter().find(|line| line.0 == name).map(|line| line.1)
    }

    /// Returns the number of a line; 0 where the module is too old for the line.
    pub fn number(&self, name: &str) -> u64 {
        match self.get(name) {
            Some(Value::Number(number)) => *number,
            _ => 0,
        }
    }

    /// Returns the word of a line; "" where the module is too old for the line.
    pub fn word(&self, name: &str) -> &str {
        match self.get(name) {
            Some(Value::Word(word)) => word,
            _ => "",
        }
    }

    /// Returns all lines.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Returns the lines with a number.
    pub fn numbers(&self) -> impl Iterator<Item = (&str, u64)> {
        self.iter().filter_map(|(name, value)| match value {
            Value::Number(number) => Some((name, *number)),
            Value::Word(_) => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATS: &str = include_str!("../../tests/proc/tsoffset/stats");

    #[test]
    fn every_line_is_kept_in_its_order() {
        let stats =
            Stats::parse(&format!("{STATS}later_count 7\nlater_word some-thing\n")).unwrap();
        let lines: Vec<_> = stats
            .iter()
            .map(|(name, value)| format!("{name} {value}\n"))
            .collect();
        assert_eq!(
            lines.concat(),
            format!("{STATS}later_count 7\nlater_word some-thing\n")
        );
        assert_eq!(
            (stats.number("later_count"), stats.word("later_word")),
            (7, "some-thing")
        );
        assert_eq!((stats.number("none"), stats.word("none")), (0, ""));
    }

    #[test]
    fn numbers_have_64_bits() {
        let with = |value: &str| Stats::parse(&format!("{STATS}later {value}\n"));
        assert_eq!(
            with("18446744073709551615").unwrap().number("later"),
            u64::MAX
        );
        assert!(with("18446744073709551616").is_err());
    }

    #[test]
    fn malformed_stats_are_rejected_with_their_line() {
        let wrong = |text: &str| format!("{:#}", Stats::parse(text).unwrap_err());
        assert_eq!(wrong(""), "there is no line connects_called");
        assert_eq!(wrong("policy zero\n"), "the first line is not the version");
        assert!(wrong("version 2\n").starts_with("version 2 of the interface"));
        for line in [
            "many",
            "a b c",
            "a  1",
            "A 1",
            "1 a",
            "a \x1b[2J",
            "a 1x",
            "a ",
        ] {
            assert_eq!(
                wrong(&format!("version 1\n{line}\n")),
                "line 2 is not a name and a value"
            );
        }
        assert_eq!(
            wrong("version 1\nversion 1\n"),
            "line 2 is a second version"
        );
        assert_eq!(
            wrong(&STATS.replace("ledger balanced\n", "")),
            "there is no line ledger"
        );
    }
}
