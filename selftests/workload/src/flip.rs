// SPDX-License-Identifier: GPL-2.0

//! Writes a sysctl over and over.

use std::{
    fs::OpenOptions,
    io::Write,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use clap::Args;

#[derive(Args)]
pub struct Options {
    /// File to write
    #[arg(long, default_value = "/proc/sys/net/ipv4/tcp_timestamps")]
    path: String,
    /// Values, written in turn
    #[arg(long, value_delimiter = ',', default_value = "0,1")]
    values: Vec<String>,
    /// Duration in seconds
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Pause between two writes, in microseconds
    #[arg(long, default_value_t = 0)]
    pause: u64,
}

pub fn run(options: &Options) -> Result<()> {
    let end = Instant::now() + Duration::from_secs(options.seconds);
    let mut writes = 0_u64;

    for value in options.values.iter().cycle() {
        if Instant::now() >= end {
            break;
        }
        OpenOptions::new()
            .write(true)
            .open(&options.path)
            .and_then(|mut file| file.write_all(value.as_bytes()))
            .with_context(|| format!("cannot write '{value}' to {}", options.path))?;
        writes += 1;
        if options.pause > 0 {
            std::thread::sleep(Duration::from_micros(options.pause));
        }
    }
    println!("writes {writes}");
    Ok(())
}
