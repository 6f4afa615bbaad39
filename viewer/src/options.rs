// SPDX-License-Identifier: GPL-2.0

//! The command line.

use std::{path::PathBuf, time::Duration};

use clap::Parser;

const AFTER: &str = "\
Keys: q or Ctrl-C quits, p pauses, d shows the latencies of the last interval or since the load, + and - change
the interval, the arrows scroll the failures.

Counts are for everybody, unless the module is loaded with private=1. Failures need CAP_NET_ADMIN in the initial
user namespace, and their handshakes need the module's parameter outcomes=. tsoffset-top keeps the file of
failures open, and rmmod says EBUSY meanwhile; not with --no-events.

NO_COLOR=1 in the environment shows no colours.";

/// Shows the counts of the tsoffset module: rates by verdict and outcome, latencies, lost counts, the last failures.
#[derive(Parser)]
#[command(version, after_help = AFTER)]
pub struct Options {
    /// Print plain text once, and exit; rates only with --interval
    #[arg(long)]
    pub once: bool,

    /// Print one JSON object a line, each interval; with --once, a single one
    #[arg(long)]
    pub json: bool,

    /// Time between two readings: 0.1 to 3600 [default: 1]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    interval: Option<Duration>,

    /// Show the network namespace of tsoffset-top, or of process PID, instead of the host
    #[arg(long, value_name = "PID", require_equals = true, num_args = 0..=1)]
    pub netns: Option<Option<u32>>,

    /// Read counts only: no failures, and no open file holds the module
    #[arg(long)]
    pub no_events: bool,

    /// Read this directory instead of /proc
    #[arg(long, value_name = "DIR", default_value = "/proc")]
    pub proc: PathBuf,
}

impl Options {
    /// Returns the time between two readings.
    pub fn interval(&self) -> Duration {
        self.interval.unwrap_or(Duration::from_secs(1))
    }

    /// Returns the time from the first reading to the one that `--once` prints, if the user asked for rates.
    pub fn wait(&self) -> Option<Duration> {
        self.interval
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.1..=3600.0).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        _ => Err("a number from 0.1 to 3600 is required".into()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Options::command().debug_assert();
    }

    #[test]
    fn intervals_are_seconds_within_limits() {
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        for wrong in ["0", "-1", "3601", "nan", "inf", "1s", ""] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_namespace_is_that_of_a_process() {
        let netns = |arguments: &[&str]| {
            Options::try_parse_from([&["tsoffset-top"], arguments].concat()).map(|o| o.netns)
        };
        assert_eq!(netns(&[]).unwrap(), None);
        assert_eq!(netns(&["--netns"]).unwrap(), Some(None));
        assert_eq!(netns(&["--netns=7"]).unwrap(), Some(Some(7)));
        assert!(netns(&["--netns=self"]).is_err());
    }
}
