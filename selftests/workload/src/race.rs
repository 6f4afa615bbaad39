// SPDX-License-Identifier: GPL-2.0

//! Connects while another thread reads the timestamps of the same sockets: the writers of `tp->tsoffset` against
//! its lockless reader, `getsockopt(TCP_TIMESTAMP)`.

use std::{
    os::fd::AsFd,
    sync::atomic::{
        AtomicBool, AtomicU64,
        Ordering::{Acquire, Relaxed, Release},
    },
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use anyhow::{ensure, Result};
use clap::{Args, ValueEnum};
use socket2::{Domain, Protocol, Socket, Type};

use crate::{
    serve,
    socket::{self, Opt},
};

#[derive(Args)]
pub struct Options {
    /// Writer that races with the reader
    #[arg(long, value_enum, default_value_t = Writer::V6)]
    writer: Writer,
    /// Number of pairs of a connecting and a reading thread
    #[arg(long, default_value_t = 1)]
    pairs: u64,
    /// Minimum duration in seconds
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// Minimum number of writes of each pair; on a busy machine, the pair runs up to five times as long
    #[arg(long, default_value_t = 0)]
    writes: u64,
}

/// The amount of work after which a pair stops.
struct Enough {
    writes: u64,
    earliest: Instant,
    latest: Instant,
}

impl Enough {
    fn is(&self, writes: u64) -> bool {
        let now = Instant::now();
        now >= self.earliest && (writes >= self.writes || now >= self.latest)
    }
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Writer {
    /// connect() over IPv6: tcp_v6_connect()
    V6,
    /// connect() of an IPv6 socket to a v4-mapped address: tcp_v6_connect(), tcp_v4_connect()
    V4mapped,
    /// connect() over IPv4: tcp_v4_connect()
    V4,
    /// setsockopt(TCP_TIMESTAMP) in TCP_REPAIR mode
    Repair,
}

#[derive(Default)]
struct Counts {
    writes: AtomicU64,
    reads: AtomicU64,
}

pub fn run(options: &Options) -> Result<()> {
    serve::accept_forever(&serve::listener("[::]:7000", false)?)?;

    let begin = Instant::now();
    let enough = Enough {
        writes: options.writes,
        earliest: begin + Duration::from_secs(options.seconds),
        latest: begin + Duration::from_secs(options.seconds * 5),
    };
    let counts = Counts::default();
    thread::scope(|scope| -> Result<()> {
        let pairs: Vec<_> = (0..options.pairs)
            .map(|_| scope.spawn(|| pair(options.writer, &enough, &counts)))
            .collect();
        pairs
            .into_iter()
            .try_for_each(|pair| pair.join().expect("a thread panicked"))
    })?;

    let (writes, reads) = (counts.writes.into_inner(), counts.reads.into_inner());
    println!("writes {writes}");
    println!("reads {reads}");
    println!("seconds {}", begin.elapsed().as_secs());
    ensure!(writes > 0 && reads > 0, "nothing happened");
    Ok(())
}

/// Runs a writing thread and a thread that reads the current socket, too.
fn pair(writer: Writer, enough: &Enough, counts: &Counts) -> Result<()> {
    let current: Mutex<Option<Socket>> = Mutex::new(None);
    let over = AtomicBool::new(false);
    let picked = AtomicBool::new(false);

    thread::scope(|scope| {
        scope.spawn(|| read(&current, &picked, &over, &counts.reads));
        let result = write(writer, enough, &current, &picked, &counts.writes);
        over.store(true, Relaxed);
        result
    })
}

/// Reads the timestamp of the current socket over and over, through a separate descriptor. So the socket lives at
/// least as long as the read.
fn read(
    current: &Mutex<Option<Socket>>,
    picked: &AtomicBool,
    over: &AtomicBool,
    reads: &AtomicU64,
) {
    while !over.load(Relaxed) {
        let Some(socket) = current.lock().unwrap().take() else {
            std::hint::spin_loop();
            continue;
        };
        picked.store(true, Release);
        // Until there is a newer socket.
        loop {
            for _ in 0..8 {
                if socket::get(&socket, Opt::Timestamp).is_ok() {
                    reads.fetch_add(1, Relaxed);
                }
            }
            if over.load(Relaxed) || current.lock().unwrap().is_some() {
                break;
            }
        }
    }
}

fn write(
    writer: Writer,
    enough: &Enough,
    current: &Mutex<Option<Socket>>,
    picked: &AtomicBool,
    writes: &AtomicU64,
) -> Result<()> {
    let to = socket::address(match writer {
        Writer::V6 | Writer::Repair => "[::1]:7000",
        Writer::V4mapped => "[::ffff:127.0.0.1]:7000",
        Writer::V4 => "127.0.0.1:7000",
    })?;
    let mut written = 0;
    while !enough.is(written) {
        let socket = Socket::new(Domain::for_address(to), Type::STREAM, Some(Protocol::TCP))?;
        socket::reset_on_close(&socket)?;
        *current.lock().unwrap() = Some(Socket::from(socket.as_fd().try_clone_to_owned()?));
        // The reader has started when the writing starts.
        while !picked.swap(false, Acquire) {
            thread::yield_now();
        }
        if writer == Writer::Repair {
            socket::set(&socket, Opt::Repair, 1)?;
            for value in 1..64 {
                socket::set(&socket, Opt::Timestamp, value)?;
            }
            written += 63;
        } else {
            socket.connect(&to.into())?;
            written += 1;
        }
    }
    writes.fetch_add(written, Relaxed);
    Ok(())
}
