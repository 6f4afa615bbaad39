// SPDX-License-Identifier: GPL-2.0

//! Measures the cost that candidates add to a system call, in nanoseconds of the clock. With QEMU's `-icount
//! shift=0`, a nanosecond is one instruction of the guest.
//!
//! A round measures the call without any candidate, with the first, without, with the second and so on. The
//! call's own cost drifts by more than a candidate's cost. So each measurement with a candidate is compared with
//! those just before and just after it. More rounds follow until the median of each difference is precise enough.

use std::{
    collections::BTreeMap,
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use anyhow::{bail, ensure, Context, Result};
use clap::{Args, ValueEnum};
use socket2::Socket;

use crate::{
    median::{median, Interval},
    serve, socket,
};

#[derive(Args)]
pub struct Options {
    /// Programs with the arguments "attach" and "detach", in the order of measurement
    #[arg(required = true)]
    candidates: Vec<PathBuf>,
    /// Measured call
    #[arg(long, value_enum, default_value_t = Call::Connect)]
    call: Call,
    /// Calls for each figure
    #[arg(long, default_value_t = 1000, value_parser = at_least_one)]
    calls: usize,
    /// Calls before the first figure
    #[arg(long, default_value_t = 6000)]
    warm_up: usize,
    /// Minimum number of rounds
    #[arg(long, default_value_t = 6, value_parser = at_least_one)]
    rounds: usize,
    /// Maximum number of rounds
    #[arg(long, default_value_t = 60, value_parser = at_least_one)]
    max_rounds: usize,
    /// Required precision of each median, in nanoseconds, or 1 % of the median if that is more
    #[arg(long, default_value_t = 40)]
    within: u64,
    /// Accept each interval after the minimum number of rounds, whatever its width
    #[arg(long)]
    any_width: bool,
}

fn at_least_one(text: &str) -> Result<usize> {
    let number = text.parse()?;
    ensure!(number > 0, "at least 1");
    Ok(number)
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Call {
    /// connect() over loopback
    Connect,
    /// connect() of an IPv4 socket over loopback
    ConnectV4,
    /// connect() over loopback to a v4-mapped address
    ConnectMapped,
    /// connect() over loopback to a port on which nobody listens
    ConnectRefused,
    /// setsockopt(TCP_NODELAY) of a connected socket
    Setsockopt,
    /// getsockopt(TCP_INFO) of a connected socket, an option that no probe follows
    Info,
    /// getsockopt(TCP_TIMESTAMP) of a connected socket
    Timestamp,
}

/// Calls of one kind in sequence, each with its own time measurement.
struct Calls {
    kind: Call,
    listener: Socket,
    to: SocketAddr,
}

impl Calls {
    fn new(kind: Call) -> Result<Self> {
        let to: SocketAddr = match kind {
            Call::ConnectV4 => (Ipv4Addr::LOCALHOST, 7000).into(),
            Call::ConnectMapped => (Ipv4Addr::LOCALHOST.to_ipv6_mapped(), 7000).into(),
            _ => (Ipv6Addr::LOCALHOST, 7000).into(),
        };
        let listener = serve::listener(&to.to_string(), false)?;
        Ok(Self { kind, listener, to })
    }

    /// Returns the median of `number` calls, or 0 of none. The median omits interrupts, but no cost that every
    /// call has.
    fn median_of(&self, number: usize) -> Result<u64> {
        if number == 0 {
            return Ok(0);
        }
        let mut times: Vec<u64> = match self.kind {
            Call::Connect | Call::ConnectV4 | Call::ConnectMapped => {
                (0..number).map(|_| self.connect()).collect::<Result<_>>()?
            }
            Call::ConnectRefused => (0..number).map(|_| refused()).collect::<Result<_>>()?,
            Call::Setsockopt => self.setsockopt(number)?,
            Call::Info => self.getsockopt(number, socket::Opt::Info)?,
            Call::Timestamp => self.getsockopt(number, socket::Opt::Timestamp)?,
        };
        Ok(median(&mut times))
    }

    fn connect(&self) -> Result<u64> {
        let socket = socket::tcp_for(self.to, false)?;
        socket::reset_on_close(&socket)?;
        let to = self.to.into();
        let begin = Instant::now();
        socket.connect(&to)?;
        let time = begin.elapsed();
        self.listener.accept()?;
        Ok(u64::try_from(time.as_nanos())?)
    }

    /// Returns a connected socket.
    fn connected(&self) -> Result<Socket> {
        let socket = socket::tcp6(false)?;
        socket::reset_on_close(&socket)?;
        socket.connect(&self.to.into())?;
        self.listener.accept()?;
        Ok(socket)
    }

    fn setsockopt(&self, number: usize) -> Result<Vec<u64>> {
        let socket = self.connected()?;
        (0..number)
            .map(|_| {
                let begin = Instant::now();
                socket.set_nodelay(true)?;
                Ok(u64::try_from(begin.elapsed().as_nanos())?)
            })
            .collect()
    }

    fn getsockopt(&self, number: usize, option: socket::Opt) -> Result<Vec<u64>> {
        let socket = self.connected()?;
        (0..number)
            .map(|_| {
                let begin = Instant::now();
                socket::get(&socket, option)?;
                Ok(u64::try_from(begin.elapsed().as_nanos())?)
            })
            .collect()
    }
}

/// Returns the time of a connect that is refused.
fn refused() -> Result<u64> {
    let socket = socket::tcp6(false)?;
    let to = SocketAddr::from((Ipv6Addr::LOCALHOST, 1)).into();
    let begin = Instant::now();
    let result = socket.connect(&to);
    let time = begin.elapsed();
    match result {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            Ok(u64::try_from(time.as_nanos())?)
        }
        other => bail!("nobody refuses: {other:?}"),
    }
}

/// The measurements of a candidate so far.
#[derive(Default)]
struct Found {
    differences: Vec<i64>,
}

impl Found {
    fn interval(&mut self) -> Interval {
        Interval::of(&mut self.differences)
    }

    fn is_known(&mut self, within: u64) -> bool {
        let interval = self.interval();
        let within = within.max(interval.median.unsigned_abs() / 100);
        interval.precision() <= within
    }
}

pub fn run(options: &Options) -> Result<()> {
    let calls = Calls::new(options.call)?;
    let mut found: BTreeMap<&Path, Found> = BTreeMap::new();
    let mut bases = Vec::new();

    calls.median_of(options.warm_up)?;
    for round in 1..=options.max_rounds {
        let mut before = calls.median_of(options.calls)?;
        bases.push(before);
        for candidate in &options.candidates {
            attach(candidate)?;
            calls.median_of(options.calls / 5)?;
            let with = calls.median_of(options.calls)?;
            let made = options.calls + options.calls / 5;
            detach(candidate, made)?;
            calls.median_of(options.calls / 5)?;
            let after = calls.median_of(options.calls)?;
            let difference = i64::try_from(with)? - i64::try_from((before + after) / 2)?;
            println!(
                "round {round} {} without {before} {after} with {with} added {difference}",
                name(candidate)?
            );
            found
                .entry(candidate)
                .or_default()
                .differences
                .push(difference);
            bases.push(after);
            before = after;
        }
        if round >= options.rounds
            && found
                .values_mut()
                .all(|found| options.any_width || found.is_known(options.within))
        {
            break;
        }
    }

    println!("base {}", median(&mut bases));
    let mut unknown = Vec::new();
    for candidate in &options.candidates {
        let found = found.entry(candidate).or_default();
        let Interval { low, median, high } = found.interval();
        println!(
            "candidate {} added {median} low {low} high {high} rounds {}",
            name(candidate)?,
            found.differences.len()
        );
        if !options.any_width && !found.is_known(options.within) {
            unknown.push(name(candidate)?);
        }
    }
    ensure!(
        unknown.is_empty(),
        "not known to within {} after {} rounds: {}",
        options.within,
        options.max_rounds,
        unknown.join(" ")
    );
    Ok(())
}

fn name(candidate: &Path) -> Result<&str> {
    candidate
        .file_name()
        .and_then(|name| name.to_str())
        .context("a candidate without a name")
}

fn attach(candidate: &Path) -> Result<()> {
    let status = Command::new(candidate).arg("attach").status()?;
    ensure!(status.success(), "{} attach: {status}", candidate.display());
    Ok(())
}

/// Detaches a candidate, which prints the number of calls that it saw, or `-` if it does not count.
fn detach(candidate: &Path, made: usize) -> Result<()> {
    let output = Command::new(candidate).arg("detach").output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(
        output.status.success(),
        "{} detach: {} {said} {}",
        candidate.display(),
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    match said.trim() {
        "-" => Ok(()),
        seen if seen.parse() == Ok(made) => Ok(()),
        seen => bail!("{} saw {seen:?} calls of {made}", candidate.display()),
    }
}
