// SPDX-License-Identifier: GPL-2.0

//! Plain text: each line of `stats` with its exact number, by kind, and the last failures.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
};

use anyhow::Result;

use super::read_once;
use crate::{
    model::{
        alert::alerts,
        event::printable,
        histogram::Histogram,
        kind::Kind,
        number,
        rates::Rates,
        stats::{Stats, Value},
    },
    options::Options,
    proc::Source,
};

/// Failures that are printed at most.
const FAILURES: usize = 20;

const SECTIONS: [(&str, &[Kind]); 5] = [
    ("verdicts", &[Kind::Verdict, Kind::Closed]),
    ("outcomes", &[Kind::Outcome, Kind::Reason, Kind::Accepted]),
    ("lost", &[Kind::Lost, Kind::LeftOut]),
    ("present", &[Kind::Present]),
    ("other counts", &[Kind::Other]),
];

/// Prints the counts once.
pub fn run(options: &Options) -> Result<()> {
    let text = text(&read_once(options)?)?;
    io::stdout().lock().write_all(text.as_bytes())?;
    Ok(())
}

fn text(source: &Source) -> Result<String> {
    let mut out = String::new();
    let empty = Stats::default();
    let stats = source.rates.stats().unwrap_or(&empty);
    write!(out, "{}:", source.files.scope())?;
    for (name, value) in stats.iter() {
        if let Value::Word(word) = value {
            write!(out, " {name} {word}")?;
        }
    }
    out.push('\n');
    for alert in alerts(stats) {
        writeln!(out, "ALERT: {alert}")?;
    }
    for (title, kinds) in SECTIONS {
        section(&mut out, title, kinds, &source.rates)?;
    }
    latency(&mut out, stats)?;
    failures(&mut out, source)?;
    Ok(out)
}

fn section(out: &mut String, title: &str, kinds: &[Kind], rates: &Rates) -> Result<()> {
    let Some(stats) = rates.stats() else {
        return Ok(());
    };
    let lines: Vec<_> = stats
        .numbers()
        .filter(|(name, _)| kinds.contains(&Kind::of(name)))
        .collect();
    if lines.is_empty() {
        return Ok(());
    }
    match rates.elapsed() {
        Some(_) => writeln!(out, "\n{title:<28} {:>20} {:>12}", "total", "per second")?,
        None => writeln!(out, "\n{title}")?,
    }
    for (name, count) in lines {
        match rates.elapsed().map(|_| rates.rate(name)) {
            Some(Some(rate)) => writeln!(out, "{name:<28} {count:>20} {rate:>12.1}")?,
            Some(None) => writeln!(out, "{name:<28} {count:>20} {:>12}", "-")?,
            None => writeln!(out, "{name:<28} {count:>20}")?,
        }
    }
    Ok(())
}

fn latency(out: &mut String, stats: &Stats) -> Result<()> {
    for (name, calls) in Histogram::all(stats) {
        writeln!(out, "\ntime of {name}, nanoseconds")?;
        for bucket in &calls.0 {
            match bucket.below {
                Some(bound) if bucket.count > 0 => {
                    writeln!(out, "below {bound:<22} {:>20}", bucket.count)?
                }
                None if bucket.count > 0 => writeln!(out, "above {:<22} {:>20}", "", bucket.count)?,
                _ => (),
            }
        }
        for (share, name) in [(0.5, "half"), (0.9, "90 %"), (0.99, "99 %")] {
            match calls.quantile(share).map(|bucket| bucket.below) {
                Some(Some(bound)) => writeln!(out, "{name} below {}", number::duration(bound))?,
                Some(None) => writeln!(out, "{name} unknown: beyond the last bound")?,
                None => (),
            }
        }
    }
    Ok(())
}

fn failures(out: &mut String, source: &Source) -> Result<()> {
    let Source {
        events,
        failures,
        files,
        ..
    } = source;
    writeln!(out, "\nlast failures")?;
    if let Some(trouble) = events.trouble() {
        writeln!(out, "{trouble}")?;
        return Ok(());
    }
    if let Some(filter) = files.filter() {
        writeln!(out, "filter: {}", printable(&filter))?;
    }
    for (name, count) in [
        ("events_lost", events.lost),
        ("events_malformed", events.malformed),
    ] {
        if count > 0 {
            writeln!(out, "{name:<28} {count:>20}")?;
        }
    }
    let now = files.uptime();
    for failure in failures.newest().take(FAILURES) {
        let age = failure.age(now).map_or("-".into(), number::age);
        let (reason, who) = (failure.reason(), failure.caller());
        let took = failure.took().map_or("-".into(), number::duration);
        writeln!(
            out,
            "{age:>4}  {reason:<12} {took:>6}  {who:<24} {}",
            failure.destination()
        )?;
    }
    Ok(())
}
