// SPDX-License-Identifier: GPL-2.0

//! Makes a known number of reads of a socket's timestamp overlap its connect. The witness must report the same
//! number.

use std::{
    fs,
    io::Write,
    net::SocketAddr,
    os::fd::AsFd,
    thread,
    time::{Duration, Instant},
};

use anyhow::{bail, ensure, Context, Result};
use clap::{Args, ValueEnum};
use nix::{
    sched::{sched_setaffinity, CpuSet},
    sys::socket::{setsockopt, sockopt::Priority},
    unistd::Pid,
};
use socket2::Socket;

use crate::{
    absent::AbsentPage,
    serve,
    socket::{self, Opt},
};

#[derive(Args)]
pub struct Options {
    /// Position of the reads relative to the connect
    #[arg(long, value_enum)]
    how: How,
    /// Number of reads
    #[arg(long, default_value_t = 1)]
    reads: u32,
}

#[derive(Clone, Copy, ValueEnum)]
enum How {
    /// Within the connect, before the kernel stores the offset; requires testhook.ko with hold=1
    BeforeStore,
    /// Within the connect, after the kernel stored the offset: sendto(MSG_FASTOPEN) of an absent page
    AfterStore,
    /// Around the connect: the page for the result is absent
    Around,
    /// Before and after the connect, and of other sockets and options meanwhile
    Beside,
    /// Of one socket without a connect, all at the same time
    Parked,
}

/// The priority of sockets that selftests/modules/testhook.c holds.
const HELD: i32 = 0x7e57;

pub fn run(options: &Options) -> Result<()> {
    let listener = serve::listener("[::]:7000", false)?;
    serve::accept_forever(&listener)?;
    let to = socket::address("[::1]:7000")?;

    match options.how {
        How::BeforeStore => before_store(to, options.reads)?,
        How::AfterStore => after_store(to, options.reads)?,
        How::Around => (0..options.reads).try_for_each(|_| around(to))?,
        How::Beside => beside(to, options.reads)?,
        How::Parked => parked(options.reads)?,
    }
    println!("reads {}", options.reads);
    std::io::stdout().flush()?;
    Ok(())
}

fn read(socket: &Socket, reads: u32) -> Result<()> {
    for _ in 0..reads {
        socket::get(socket, Opt::Timestamp)?;
    }
    Ok(())
}

/// Keeps this thread on a CPU, for example away from one that spins.
pub fn stay_on(cpu: usize) -> Result<()> {
    let mut cpus = CpuSet::new();
    cpus.set(cpu)?;
    sched_setaffinity(Pid::from_raw(0), &cpus).with_context(|| format!("needs a CPU {cpu}"))
}

fn before_store(to: SocketAddr, reads: u32) -> Result<()> {
    let socket = socket::tcp6(false)?;
    socket::reset_on_close(&socket)?;
    setsockopt(&socket, Priority, &HELD)?;
    let same = Socket::from(socket.as_fd().try_clone_to_owned()?);

    stay_on(0)?;
    let connect = thread::spawn(move || -> Result<()> {
        stay_on(1)?;
        Ok(socket.connect(&to.into())?)
    });
    // Only the module's count of calls in flight shows that the connect is held.
    let end = Instant::now() + Duration::from_secs(4);
    while !fs::read_to_string("/proc/tsoffset/stats")?.contains("connects_in_flight 1\n") {
        ensure!(Instant::now() < end, "the connect was not held");
    }
    let result = read(&same, reads);
    setsockopt(&same, Priority, &0)?;
    connect.join().expect("a thread panicked")?;
    result
}

fn after_store(to: SocketAddr, reads: u32) -> Result<()> {
    // The first connection fetches the cookie.
    fast_open(&socket::tcp6(false)?, to, b"first")?;

    let page = AbsentPage::new()?;
    let socket = socket::tcp6(false)?;
    thread::scope(|scope| {
        let connect = scope.spawn(|| fast_open(&socket, to, &page.bytes()[..64]));
        page.wait_for_fault()?;
        // The page is provided even after an error. Otherwise the other thread would wait forever.
        let result = read(&socket, reads);
        page.provide()?;
        connect.join().expect("a thread panicked")?;
        result
    })
}

/// Connects and sends in one call.
pub fn fast_open(socket: &Socket, to: SocketAddr, data: &[u8]) -> Result<()> {
    socket::reset_on_close(socket)?;
    let sent = socket.send_to_with_flags(data, &to.into(), libc::MSG_FASTOPEN)?;
    ensure!(sent == data.len(), "{sent} bytes sent");
    Ok(())
}

fn around(to: SocketAddr) -> Result<()> {
    let page = AbsentPage::new()?;
    let socket = socket::tcp6(false)?;
    socket::reset_on_close(&socket)?;
    thread::scope(|scope| {
        let reader = scope.spawn(|| socket::get_into(&socket, Opt::Timestamp, &page));
        page.wait_for_fault()?;
        let result = socket.connect(&to.into());
        page.provide()?;
        reader.join().expect("a thread panicked")?;
        Ok(result?)
    })
}

fn beside(to: SocketAddr, reads: u32) -> Result<()> {
    let other = socket::tcp6(false)?;
    for i in 0..reads {
        let socket = socket::tcp6(false)?;
        socket::reset_on_close(&socket)?;
        match i % 3 {
            0 => {
                read(&socket, 1)?;
                socket.connect(&to.into())?;
            }
            1 => {
                socket.connect(&to.into())?;
                read(&socket, 1)?;
            }
            _ => thread::scope(|scope| -> Result<()> {
                let connect = scope.spawn(|| socket.connect(&to.into()));
                read(&other, 1)?;
                socket::get(&socket, Opt::FastOpen)?;
                match connect.join() {
                    Ok(result) => Ok(result?),
                    Err(_) => bail!("a thread panicked"),
                }
            })?,
        }
    }
    Ok(())
}

fn parked(reads: u32) -> Result<()> {
    let socket = &socket::tcp6(false)?;
    let pages = (0..reads)
        .map(|_| AbsentPage::new())
        .collect::<Result<Vec<_>>>()?;
    thread::scope(|scope| {
        let readers: Vec<_> = pages
            .iter()
            .map(|page| scope.spawn(|| socket::get_into(socket, Opt::Timestamp, page)))
            .collect();
        let all_wait = pages.iter().try_for_each(AbsentPage::wait_for_fault);
        pages.iter().try_for_each(AbsentPage::provide)?;
        for reader in readers {
            reader.join().expect("a thread panicked")?;
        }
        all_wait
    })
}
