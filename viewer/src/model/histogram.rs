// SPDX-License-Identifier: GPL-2.0

//! Calls by their duration.

use super::{kind::bucket, rates::Rates, stats::Stats};

/// A bucket: its exclusive upper bound in nanoseconds, `None` for the last bucket, and its count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    pub below: Option<u64>,
    pub count: u64,
}

/// The buckets of a histogram, by rising bounds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram(pub Vec<Bucket>);

impl Histogram {
    /// Returns the histograms of `stats` by their names: `connect`, and those of later modules.
    pub fn all(stats: &Stats) -> Vec<(&str, Self)> {
        let mut found: Vec<(&str, Self)> = Vec::new();
        for (name, count) in stats.numbers() {
            if let Some((histogram, below)) = bucket(name) {
                match found.iter_mut().find(|(name, _)| *name == histogram) {
                    Some((_, known)) => known.add(Bucket { below, count }),
                    None => found.push((histogram, Self(vec![Bucket { below, count }]))),
                }
            }
        }
        found
    }

    /// Returns the durations of all connects, of each family: since the load, or between the two readings.
    pub fn of_connects(rates: &Rates, recent: bool) -> Self {
        let mut sum = Self::default();
        for (name, count) in rates.stats().iter().flat_map(|stats| stats.numbers()) {
            match bucket(name) {
                Some((histogram, below)) if histogram == "connect" || histogram == "connect_v4" => {
                    let count = if recent {
                        rates.growth(name).unwrap_or(0)
                    } else {
                        count
                    };
                    sum.add(Bucket { below, count });
                }
                _ => (),
            }
        }
        sum
    }

    /// Adds a count to the bucket with the same bound.
    fn add(&mut self, new: Bucket) {
        let bound = |bucket: &Bucket| bucket.below.unwrap_or(u64::MAX);
        match self.0.binary_search_by_key(&bound(&new), bound) {
            Ok(at) => self.0[at].count = self.0[at].count.saturating_add(new.count),
            Err(at) => self.0.insert(at, new),
        }
    }

    /// Returns the number of calls.
    pub fn total(&self) -> u64 {
        self.0
            .iter()
            .fold(0, |sum, bucket| sum.saturating_add(bucket.count))
    }

    /// Returns the bucket with the given share of the calls below its bound; `None` without calls.
    pub fn quantile(&self, share: f64) -> Option<Bucket> {
        let wanted = (self.total() as f64 * share).ceil().max(1.0) as u64;
        let mut sum = 0u64;
        self.0.iter().copied().find(|bucket| {
            sum = sum.saturating_add(bucket.count);
            sum >= wanted
        })
    }

    /// Returns at most `rows` buckets, from the first to the last one with a call. Where there are more, the first row has all
    /// calls below it, or the last row all calls above it, whichever end has fewer.
    pub fn rows(&self, rows: usize) -> Vec<Bucket> {
        let used = |bucket: &Bucket| bucket.count > 0;
        let (Some(first), Some(last)) =
            (self.0.iter().position(used), self.0.iter().rposition(used))
        else {
            return Vec::new();
        };
        let mut shown = self.0[first..=last].to_vec();
        while shown.len() > rows.max(1) {
            let end = shown.len() - 1;
            if shown[0].count <= shown[end].count {
                shown[1].count = shown[1].count.saturating_add(shown[0].count);
                shown.remove(0);
            } else {
                let above = shown.remove(end);
                shown[end - 1].count = shown[end - 1].count.saturating_add(above.count);
                shown[end - 1].below = None;
            }
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(counts: &[u64]) -> Histogram {
        let bounds = (0..counts.len() - 1)
            .map(|bit| Some(1024 << bit))
            .chain([None]);
        Histogram(
            bounds
                .zip(counts)
                .map(|(below, &count)| Bucket { below, count })
                .collect(),
        )
    }

    #[test]
    fn quantiles_are_bounds() {
        let calls = histogram(&[0, 50, 49, 1, 0]);
        let below = |share| calls.quantile(share).unwrap().below;
        assert_eq!(
            [0.0, 0.5, 0.51, 0.99, 1.0].map(below),
            [2048, 2048, 4096, 4096, 8192].map(Some)
        );
        assert_eq!(histogram(&[0, 0, 3]).quantile(0.5).unwrap().below, None);
        assert_eq!(histogram(&[0, 0, 0]).quantile(0.5), None);
    }

    #[test]
    fn rows_hold_every_call() {
        let calls = histogram(&[0, 1, 50, 49, 0, 2, 0]);
        assert_eq!(calls.rows(9).len(), 5);
        for rows in 1..9 {
            let shown = calls.rows(rows);
            assert!(shown.len() <= rows);
            assert_eq!(shown.iter().map(|bucket| bucket.count).sum::<u64>(), 102);
        }
        assert_eq!(
            calls.rows(2),
            [
                Bucket {
                    below: Some(4096),
                    count: 51
                },
                Bucket {
                    below: None,
                    count: 51
                }
            ]
        );
        assert!(histogram(&[0, 0]).rows(5).is_empty());
    }

    #[test]
    fn every_histogram_of_the_stats_is_found() {
        let text = "version 1\nconnects_called 0\nconnects_returned 0\nledger busy\nconnect_ns_below_1024 1\n\
            connect_ns_above 2\nconnect_v4_ns_below_1024 4\nconnect_v4_ns_below_2048 8\nconnect_v4_ns_above 16\n\
            accept_ns_above 32\n";
        let stats = Stats::parse(text).unwrap();
        let names: Vec<_> = Histogram::all(&stats)
            .into_iter()
            .map(|(name, calls)| (name, calls.total()))
            .collect();
        assert_eq!(names, [("connect", 3), ("connect_v4", 28), ("accept", 32)]);
        let mut rates = Rates::default();
        rates.push(std::time::Instant::now(), stats);
        let counts = |recent| {
            Histogram::of_connects(&rates, recent)
                .0
                .iter()
                .map(|bucket| bucket.count)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            (counts(false), counts(true)),
            (vec![5, 8, 18], vec![0, 0, 0])
        );
    }
}
