// SPDX-License-Identifier: GPL-2.0

//! Two readings of `stats`, and the rates between them.

use std::time::{Duration, Instant};

use super::{
    kind::Kind,
    stats::{Stats, Value},
};

/// The last reading, and the one before it.
#[derive(Default)]
pub struct Rates {
    last: Option<(Instant, Stats)>,
    before: Option<(Instant, Stats)>,
}

impl Rates {
    /// Takes a new reading. A smaller count than before shows that the module was loaded again: the earlier reading is then
    /// dropped.
    pub fn push(&mut self, at: Instant, stats: Stats) {
        self.before = self.last.take().filter(|(_, before)| {
            before.numbers().all(|(name, count)| {
                Kind::of(name) == Kind::Present || unknown(name) || count <= stats.number(name)
            })
        });
        self.last = Some((at, stats));
    }

    /// Forgets all readings.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Returns the last reading.
    pub fn stats(&self) -> Option<&Stats> {
        self.last.as_ref().map(|(_, stats)| stats)
    }

    /// Returns the numbers of the last reading; none before the first.
    pub fn numbers(&self) -> impl Iterator<Item = (&str, u64)> {
        self.stats().into_iter().flat_map(|stats| stats.numbers())
    }

    /// Returns the time between the two readings.
    pub fn elapsed(&self) -> Option<Duration> {
        let elapsed = self.last.as_ref()?.0 - self.before.as_ref()?.0;
        (!elapsed.is_zero()).then_some(elapsed)
    }

    /// Returns how much a count has grown between the two readings; `None` if that is unknown, or if the line is no count.
    pub fn growth(&self, name: &str) -> Option<u64> {
        if Kind::of(name) == Kind::Present {
            return None;
        }
        let number = |reading: &Option<(Instant, Stats)>| match reading.as_ref()?.1.get(name)? {
            Value::Number(number) => Some(*number),
            Value::Word(_) => None,
        };
        number(&self.last)?.checked_sub(number(&self.before)?)
    }

    /// Returns the growth of a count per second.
    pub fn rate(&self, name: &str) -> Option<f64> {
        Some(self.growth(name)? as f64 / self.elapsed()?.as_secs_f64())
    }
}

/// A line of another kind can be a present value of a later module, and fall.
fn unknown(name: &str) -> bool {
    Kind::of(name) == Kind::Other
        && !["connects_called", "connects_entered", "connects_returned"].contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stats(called: u64, more: &str) -> Stats {
        let text = format!(
            "version 1\nconnects_called {called}\nconnects_returned 0\nledger busy\n{more}"
        );
        Stats::parse(&text).unwrap()
    }

    fn rates(readings: [Stats; 2]) -> Rates {
        let (mut rates, start) = (Rates::default(), Instant::now());
        for (seconds, stats) in [0, 2].into_iter().zip(readings) {
            rates.push(start + Duration::from_secs(seconds), stats);
        }
        rates
    }

    #[test]
    fn a_rate_is_the_growth_per_second() {
        let rates = rates([
            stats(10, "connects_in_flight 5\n"),
            stats(13, "connects_in_flight 3\nlater 9\n"),
        ]);
        assert_eq!(rates.rate("connects_called"), Some(1.5));
        assert_eq!(rates.rate("connects_returned"), Some(0.0));
        for unknown in ["connects_in_flight", "later", "ledger", "none"] {
            assert_eq!(rates.rate(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn one_reading_has_no_rates() {
        let mut rates = Rates::default();
        rates.push(Instant::now(), stats(10, ""));
        assert_eq!(rates.rate("connects_called"), None);
    }

    #[test]
    fn a_module_that_was_loaded_again_has_no_rates() {
        assert_eq!(rates([stats(10, ""), stats(9, "")]).elapsed(), None);
    }

    #[test]
    fn an_unknown_value_that_falls_says_nothing() {
        let rates = rates([stats(10, "later 9\n"), stats(12, "later 3\n")]);
        assert_eq!(
            (rates.rate("connects_called"), rates.rate("later")),
            (Some(1.0), None)
        );
    }
}
