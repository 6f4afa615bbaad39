// SPDX-License-Identifier: GPL-2.0

//! Makes, uses and leaves network namespaces in sequence. Threads make the namespaces, because a process for each
//! would take longer than all other work.

use std::{
    io,
    os::fd::AsRawFd,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    thread,
};

use anyhow::{anyhow, Context, Result};
use clap::Args;
use nix::sched::{unshare, CloneFlags};

use crate::{serve, socket};

#[derive(Args)]
pub struct Options {
    /// Number of namespaces, in sequence
    #[arg(long, default_value_t = 100)]
    count: u64,
    /// Connecting threads in each
    #[arg(long, default_value_t = 2)]
    threads: u64,
    /// Number of connects of each thread
    #[arg(long, default_value_t = 2)]
    connects: u64,
}

/// The address of each namespace's listener.
const ADDRESS: &str = "[::1]:7000";

pub fn run(options: &Options) -> Result<()> {
    let mut made = 0;
    for number in 0..options.count {
        made += in_thread(|| one(options)).with_context(|| format!("namespace {number}"))?;
    }
    println!("namespaces {}", options.count);
    println!("connects {made}");
    Ok(())
}

/// Runs `task` in a new thread. The thread's namespace ends after the thread and its children, when all sockets
/// are closed.
fn in_thread(task: impl FnOnce() -> Result<u64> + Send) -> Result<u64> {
    thread::scope(|scope| scope.spawn(task).join()).map_err(|_| anyhow!("a thread panicked"))?
}

/// Makes a namespace and connects within it. Returns the number of connects.
fn one(options: &Options) -> Result<u64> {
    unshare(CloneFlags::CLONE_NEWNET).context("cannot make it")?;
    loopback_up().context("cannot set lo up")?;
    let _listener = serve::listener(ADDRESS, false)?;
    let made = AtomicU64::new(0);
    thread::scope(|scope| {
        // All threads start before the first join.
        let threads: Vec<_> = (0..options.threads)
            .map(|_| scope.spawn(|| (0..options.connects).try_for_each(|_| connect(&made))))
            .collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().map_err(|_| anyhow!("a thread panicked"))?)
    })?;
    Ok(made.into_inner())
}

/// Connects once. No thread accepts the connection.
fn connect(made: &AtomicU64) -> Result<()> {
    let socket = socket::tcp6(false)?;
    socket::reset_on_close(&socket)?;
    socket.connect(&socket::address(ADDRESS)?.into())?;
    made.fetch_add(1, Relaxed);
    Ok(())
}

/// Sets lo up.
fn loopback_up() -> Result<()> {
    let socket = socket::tcp6(false)?;
    let mut name: [libc::c_char; libc::IFNAMSIZ] = [0; libc::IFNAMSIZ];
    for (place, byte) in name.iter_mut().zip(*b"lo") {
        *place = byte as libc::c_char;
    }
    let request = libc::ifreq {
        ifr_name: name,
        ifr_ifru: libc::__c_anonymous_ifr_ifru {
            ifru_flags: libc::IFF_UP as libc::c_short,
        },
    };
    #[expect(unsafe_code, reason = "no crate in use sets an interface's flags")]
    // SAFETY: The kernel reads a request with a terminated name and flags. `request` has both.
    let result = unsafe {
        libc::ioctl(
            socket.as_raw_fd(),
            libc::SIOCSIFFLAGS as _,
            &raw const request,
        )
    };
    if result != 0 {
        return Err(io::Error::last_os_error().into());
    }
    Ok(())
}
