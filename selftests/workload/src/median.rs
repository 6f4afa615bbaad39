// SPDX-License-Identifier: GPL-2.0

//! Medians and their precision.

/// Returns the median. Of an even number of values, returns the upper one of the middle.
pub fn median<T: Ord + Copy>(values: &mut [T]) -> T {
    values.sort_unstable();
    values[values.len() / 2]
}

/// A median and its confidence interval of 95 % or more. With fewer than six values, the interval has all of
/// them, and its probability is less than 95 %. The values must be independent, but can have any distribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    pub low: i64,
    pub median: i64,
    pub high: i64,
}

impl Interval {
    /// Uses order statistics: each value is below the true median with a probability of one half.
    pub fn of(values: &mut [i64]) -> Self {
        let median = median(values);
        let left_out = left_out(values.len());
        Self {
            low: values[left_out],
            median,
            high: values[values.len() - 1 - left_out],
        }
    }

    /// Returns the distance of the median to the farther end of the interval.
    pub fn precision(&self) -> u64 {
        (self.high - self.median)
            .max(self.median - self.low)
            .unsigned_abs()
    }
}

/// Returns the number of values that can be left out at each end. Each tail of the binomial distribution is at
/// most 2.5 %.
fn left_out(number: usize) -> usize {
    let mut term = 0.5_f64.powi(number as i32);
    let mut tail = 0.0;
    let mut left_out = 0;
    while left_out < number / 2 {
        tail += term;
        if tail > 0.025 {
            break;
        }
        left_out += 1;
        term *= (number - left_out + 1) as f64 / left_out as f64;
    }
    // The interval ends at the next value after those left out.
    left_out.saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_agree() {
        // Ranks of the ends of a 95 % interval of the median, counted from 1, as in common tables.
        for (number, rank) in [
            (6, 1),
            (8, 1),
            (9, 2),
            (12, 3),
            (15, 4),
            (20, 6),
            (25, 8),
            (30, 10),
        ] {
            assert_eq!(left_out(number) + 1, rank, "{number}");
        }
    }

    #[test]
    fn an_outlier_does_not_count() {
        let mut values: Vec<i64> = (0..8).chain([10_000]).collect();
        let interval = Interval::of(&mut values);
        assert_eq!(
            interval,
            Interval {
                low: 1,
                median: 4,
                high: 7
            }
        );
        assert_eq!(interval.precision(), 3);
        let lopsided = Interval {
            median: 2,
            ..interval
        };
        assert_eq!(lopsided.precision(), 5);
    }
}
