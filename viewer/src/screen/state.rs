// SPDX-License-Identifier: GPL-2.0

//! The contents of the screen: the readings, and the user's choices by keys.

use std::time::{Duration, Instant};

use ratatui::crossterm::event::KeyCode;

use super::theme::Theme;
use crate::{options::Options, proc::Source};

/// The intervals of the keys + and -, in milliseconds.
const INTERVALS: [u64; 9] = [100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000];

/// The state of the screen.
pub struct State {
    pub source: Source,
    pub theme: Theme,
    pub interval: Duration,
    /// Why the last reading failed.
    pub trouble: Option<String>,
    pub uptime: Option<f64>,
    pub filter: Option<String>,
    pub paused: bool,
    /// Whether the latencies are those of the last interval.
    pub recent: bool,
    /// The number of newer failures above the first shown one.
    pub scroll: usize,
    due: Instant,
}

impl State {
    /// Makes the state before the first reading.
    pub fn new(options: &Options) -> Self {
        Self {
            source: Source::new(options),
            theme: Theme::of_environment(|name| std::env::var(name).ok()),
            interval: options.interval(),
            trouble: None,
            uptime: None,
            filter: None,
            paused: false,
            recent: false,
            scroll: 0,
            due: Instant::now(),
        }
    }

    /// Returns the time of the next reading.
    pub fn due(&self) -> Instant {
        self.due
    }

    /// Reads the files if it is time.
    pub fn read_if_due(&mut self) {
        let now = Instant::now();
        if now < self.due {
            return;
        }
        self.due = now + self.interval;
        if !self.paused {
            self.read(now);
        }
    }

    /// Reads the files. Without counts, the next reading has no rates: the module can be another one by then.
    pub fn read(&mut self, now: Instant) {
        self.trouble = None;
        if let Err(error) = self.source.read(now) {
            self.source.rates.clear();
            self.trouble = Some(format!("{error:#}"));
        }
        self.uptime = self.source.files.uptime();
        self.filter = self.source.files.filter();
    }

    /// Obeys a key. Returns true if the user quits.
    pub fn key(&mut self, key: KeyCode) -> bool {
        match key {
            KeyCode::Char('q' | 'Q') | KeyCode::Esc => return true,
            KeyCode::Char('p' | ' ') => self.paused = !self.paused,
            KeyCode::Char('d') => self.recent = !self.recent,
            KeyCode::Char('+') => self.change_interval(true),
            KeyCode::Char('-') => self.change_interval(false),
            KeyCode::Down | KeyCode::Char('j') => self.scroll_to(self.scroll + 1),
            KeyCode::Up | KeyCode::Char('k') => self.scroll_to(self.scroll.saturating_sub(1)),
            KeyCode::PageDown => self.scroll_to(self.scroll + 10),
            KeyCode::PageUp => self.scroll_to(self.scroll.saturating_sub(10)),
            KeyCode::Home => self.scroll_to(0),
            #[cfg(feature = "panic-key")]
            KeyCode::Char('P') => panic!("the key P"),
            _ => (),
        }
        false
    }

    fn scroll_to(&mut self, row: usize) {
        self.scroll = row.min(self.source.failures.newest().count().saturating_sub(1));
    }

    fn change_interval(&mut self, longer: bool) {
        let milliseconds = self.interval.as_millis() as u64;
        let next = match longer {
            true => INTERVALS.into_iter().find(|&other| other > milliseconds),
            false => INTERVALS
                .into_iter()
                .rev()
                .find(|&other| other < milliseconds),
        };
        if let Some(next) = next {
            self.interval = Duration::from_millis(next);
            self.due = self.due.min(Instant::now() + self.interval);
        }
    }
}
