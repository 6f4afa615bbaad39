// SPDX-License-Identifier: GPL-2.0

//! JSON: one object a line.

use std::{
    io::{self, Write},
    thread,
    time::Instant,
};

use anyhow::Result;
use serde_json::{json, Map, Value as Json};

use super::read_once;
use crate::{
    model::{
        alert::alerts,
        histogram::Histogram,
        kind::Kind,
        stats::{Stats, Value},
    },
    options::Options,
    proc::Source,
};

/// Prints an object each interval, or a single one.
pub fn run(options: &Options) -> Result<()> {
    if options.once {
        return print(&mut read_once(options)?);
    }
    let mut source = Source::new(options);
    loop {
        source.read(Instant::now())?;
        print(&mut source)?;
        thread::sleep(options.interval());
    }
}

fn print(source: &mut Source) -> Result<()> {
    let mut line = object(source).to_string();
    line.push('\n');
    let mut out = io::stdout().lock();
    out.write_all(line.as_bytes())?;
    out.flush()?;
    Ok(())
}

fn object(source: &mut Source) -> Json {
    let Source {
        files,
        events,
        rates,
        failures,
    } = source;
    let empty = Stats::default();
    let stats = rates.stats().unwrap_or(&empty);
    let of_kind = |kind| {
        numbers(
            stats
                .numbers()
                .filter(move |(name, _)| Kind::of(name) == kind),
        )
    };
    let growing = stats
        .numbers()
        .filter_map(|(name, _)| Some((name, rates.rate(name)?)));
    let unreported: Vec<Json> = failures
        .unreported()
        .map(|failure| failure.json())
        .collect();
    json!({
        "v": 1,
        "scope": files.scope(),
        "netns": files.namespace().ok().flatten(),
        "uptime": files.uptime(),
        "seconds": rates.elapsed().map(|elapsed| elapsed.as_secs_f64()),
        "alerts": alerts(stats),
        "stats": stats.iter().map(|(name, value)| (name.into(), number(value))).collect::<Map<_, _>>(),
        "rates": rates.elapsed().map(|_| growing.map(|(name, rate)| (name.into(), json!(rate))).collect::<Map<_, _>>()),
        "lost": of_kind(Kind::Lost),
        "left_out": of_kind(Kind::LeftOut),
        "latency": Histogram::all(stats).iter().map(|(name, calls)| (name.to_string(), histogram(calls))).collect::<Map<_, _>>(),
        "events": {
            "read": events.read,
            "lost": events.lost,
            "malformed": events.malformed,
            "trouble": events.trouble(),
        },
        "failures": unreported,
        "failures_dropped": failures.unreported,
    })
}

fn number(value: &Value) -> Json {
    match value {
        Value::Number(number) => json!(number),
        Value::Word(word) => json!(word),
    }
}

fn numbers<'a>(lines: impl Iterator<Item = (&'a str, u64)>) -> Map<String, Json> {
    lines
        .map(|(name, count)| (name.into(), json!(count)))
        .collect()
}

fn histogram(calls: &Histogram) -> Json {
    let quantile = |share| calls.quantile(share).map(|bucket| bucket.below);
    json!({
        "buckets": calls.0.iter().map(|bucket| json!({"below": bucket.below, "count": bucket.count})).collect::<Vec<_>>(),
        "p50_below": quantile(0.5),
        "p90_below": quantile(0.9),
        "p99_below": quantile(0.99),
    })
}
