// SPDX-License-Identifier: GPL-2.0

//! Numbers in a few columns.

/// Writes a count in at most five columns.
pub fn count(number: u64) -> String {
    if number < 100_000 {
        number.to_string()
    } else {
        scaled(number as f64)
    }
}

/// Writes a rate per second in at most five columns; `-` if it is unknown.
pub fn rate(rate: Option<f64>) -> String {
    match rate {
        None => "-".into(),
        Some(0.0) => "0".into(),
        Some(rate) if rate < 0.05 => "<0.1".into(),
        Some(rate) if rate < 99.95 => format!("{rate:.1}"),
        Some(rate) if rate < 99_999.5 => format!("{rate:.0}"),
        Some(rate) => scaled(rate),
    }
}

/// Writes a time in nanoseconds in at most six columns.
pub fn duration(nanoseconds: u64) -> String {
    let (unit, divisor) = match nanoseconds {
        0..1_000 => return format!("{nanoseconds}ns"),
        1_000..1_000_000 => ("us", 1e3),
        1_000_000..1_000_000_000 => ("ms", 1e6),
        _ => ("s", 1e9),
    };
    three_digits(nanoseconds as f64 / divisor) + unit
}

/// Writes the age of an event in at most four columns.
pub fn age(seconds: u64) -> String {
    match seconds {
        0..100 => format!("{seconds}s"),
        100..6_000 => format!("{}m", seconds / 60),
        6_000..360_000 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

fn scaled(number: f64) -> String {
    let mut value = number / 1e3;
    for unit in ["k", "M", "G", "T", "P"] {
        if value < 999.5 {
            return three_digits(value) + unit;
        }
        value /= 1e3;
    }
    three_digits(value) + "E"
}

fn three_digits(value: f64) -> String {
    match value {
        value if value < 9.995 => format!("{value:.2}"),
        value if value < 99.95 => format!("{value:.1}"),
        value => format!("{value:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_keep_three_digits() {
        let written = [0, 99_999, 100_000, 999_499, 999_500, 1_234_567, u64::MAX].map(count);
        assert_eq!(
            written,
            ["0", "99999", "100k", "999k", "1.00M", "1.23M", "18.4E"]
        );
    }

    #[test]
    fn a_small_rate_differs_from_none() {
        let written = [
            None,
            Some(0.0),
            Some(0.01),
            Some(0.25),
            Some(99.96),
            Some(1234.4),
            Some(2e5),
        ]
        .map(rate);
        assert_eq!(written, ["-", "0", "<0.1", "0.2", "100", "1234", "200k"]);
    }

    #[test]
    fn times_have_units() {
        let written = [7, 1024, 262_144, 8_388_608, 8_589_934_592, 120_000_000_000].map(duration);
        assert_eq!(
            written,
            ["7ns", "1.02us", "262us", "8.39ms", "8.59s", "120s"]
        );
        assert_eq!(
            [0, 99, 100, 6_000, 400_000].map(age),
            ["0s", "99s", "1m", "1h", "4d"]
        );
    }
}
