// SPDX-License-Identifier: GPL-2.0

//! Makes many connects that succeed.

use std::{
    io::{self, Read},
    net::{Ipv4Addr, Shutdown, SocketAddr},
    sync::{
        atomic::{AtomicU64, Ordering::Relaxed},
        Mutex, PoisonError,
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{bail, Result};
use clap::{Args, ValueEnum};
use nix::{
    sched::sched_getcpu,
    sys::socket::{
        setsockopt,
        sockopt::{Priority, TcpFastOpenConnect},
    },
};
use socket2::Socket;

use crate::{overlap::stay_on, resets, serve, socket};

#[derive(Args)]
pub struct Options {
    /// Destination `[address]:port`, with a scope for link-local addresses: `[fe80::1%veth0]:7000`. An IPv4
    /// `address:port` takes an IPv4 socket
    #[arg(long, default_value = "[::1]:7000")]
    to: String,
    /// Source `[address]:port`
    #[arg(long)]
    from: Option<String>,
    /// Listen on the destination, too
    #[arg(long)]
    serve: bool,
    /// Connecting threads
    #[arg(long, default_value_t = 8)]
    threads: u64,
    /// Total number of connects
    #[arg(long, default_value_t = 1000)]
    connects: u64,
    /// Stop after this many seconds, after any number of connects
    #[arg(long)]
    seconds: Option<u64>,
    /// How to connect
    #[arg(long, value_enum, default_value_t = Kind::Blocking)]
    kind: Kind,
    /// Print the cookie of each connected socket: SO_COOKIE
    #[arg(long)]
    cookies: bool,
    /// SO_PRIORITY of the sockets, decimal or 0x
    #[arg(long, value_parser = number)]
    priority: Option<i32>,
    /// Shut the connection down, and close the socket after the peer's reset
    #[arg(long)]
    until_reset: bool,
    /// Make the connected sockets IPv4 sockets: IPV6_ADDRFORM, with a v4-mapped peer
    #[arg(long)]
    become_ipv4: bool,
    /// With --become-ipv4: disconnect, then connect over IPv4 to a port without a listener
    #[arg(long, requires = "become_ipv4")]
    refused_over_ipv4: bool,
    /// Keep all connections open to the end
    #[arg(long)]
    keep: bool,
    /// Keep each thread on its CPU. A thread that migrates can send the reset of its close ahead of the last packet of
    /// the handshake, and the listener then has no connection
    #[arg(long)]
    in_order: bool,
}

/// A number, decimal or 0x.
pub fn number(text: &str) -> Result<i32, std::num::ParseIntError> {
    match text.strip_prefix("0x") {
        Some(digits) => i32::from_str_radix(digits, 16),
        None => text.parse(),
    }
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Kind {
    /// connect() returns after the handshake
    Blocking,
    /// connect() returns EINPROGRESS, and poll() waits for the handshake
    Nonblocking,
    /// TCP_FASTOPEN_CONNECT: connect() only prepares, and the first write sends the SYN
    Fastopen,
    /// Nonblocking, and closed before the peer's answer
    Abandoned,
    /// MPTCP: the first subflow connects
    Mptcp,
    /// Each socket connects to its own port at the destination's address: a simultaneous open
    OwnPort,
    /// Connects, disconnects, and connects by TCP_FASTOPEN_CONNECT without a write: with a cached Fast Open cookie, the
    /// second connect sends nothing
    Unsent,
    /// As unsent, then writes, which fails: the socket is bound to the loopback device, and the peer is elsewhere
    Unsendable,
}

pub fn run(options: &Options) -> Result<()> {
    let to = socket::address(&options.to)?;
    if options.serve {
        serve::accept_forever(&serve::listener(&options.to, options.kind == Kind::Mptcp)?)?;
    }

    let end = options
        .seconds
        .map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let begun = AtomicU64::new(0);
    let done = AtomicU64::new(0);
    let failed = AtomicU64::new(0);
    let refused = AtomicU64::new(0);
    let kept = Mutex::new(Vec::new());
    let attempts = resets::failed_attempts()?;
    thread::scope(|scope| {
        for _ in 0..options.threads {
            scope.spawn(|| {
                if options.in_order {
                    if let Err(error) = sched_getcpu().map_err(Into::into).and_then(stay_on) {
                        eprintln!("{error:#}");
                        failed.fetch_add(1, Relaxed);
                    }
                }
                while begun.fetch_add(1, Relaxed) < options.connects
                    && end.is_none_or(|end| Instant::now() < end)
                {
                    done.fetch_add(1, Relaxed);
                    match once(to, options) {
                        Ok(socket) if options.keep => {
                            kept.lock()
                                .unwrap_or_else(PoisonError::into_inner)
                                .push(socket);
                        }
                        Ok(_) => (),
                        Err(error) => {
                            eprintln!("connect to {to}: {error:#}");
                            let count = if is_refusal(&error) {
                                &refused
                            } else {
                                &failed
                            };
                            count.fetch_add(1, Relaxed);
                        }
                    }
                }
            });
        }
    });

    let (done, refused) = (done.into_inner(), refused.into_inner());
    let mut failed = failed.into_inner();
    println!("connects {done}");
    // The kernel counts a refusal by an existing listener on both sides.
    let excused = resets::failed_attempts()?.wrapping_sub(attempts) / 2;
    if refused > excused {
        failed += refused;
    } else if refused > 0 {
        println!("refused {refused}");
    }
    println!("failed {failed}");
    if failed > 0 {
        bail!("{failed} of {done} connects failed");
    }
    Ok(())
}

fn is_refusal(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.raw_os_error() == Some(libc::ECONNREFUSED))
}

/// Makes one connect: calls `connect()` exactly once, except for [`Kind::Unsent`] and [`Kind::Unsendable`].
fn once(to: SocketAddr, options: &Options) -> Result<Socket> {
    let kind = options.kind;
    let mut socket = socket::tcp_for(to, kind == Kind::Mptcp)?;
    socket::reset_on_close(&socket)?;
    if let Some(priority) = options.priority {
        setsockopt(&socket, Priority, &priority)?;
    }

    if let Some(from) = &options.from {
        socket.bind(&socket::address(from)?.into())?;
    }

    match kind {
        Kind::Blocking | Kind::Mptcp => socket.connect(&to.into())?,
        Kind::Abandoned => {
            socket.set_nonblocking(true)?;
            in_progress(socket.connect(&to.into()))?;
        }
        Kind::Nonblocking => {
            socket.set_nonblocking(true)?;
            in_progress(socket.connect(&to.into()))?;
            socket::wait_connected(&socket)?;
        }
        Kind::Fastopen => {
            setsockopt(&socket, TcpFastOpenConnect, &true)?;
            socket.connect(&to.into())?;
            send(&socket)?;
        }
        Kind::OwnPort => {
            socket.bind(&SocketAddr::new(to.ip(), 0).into())?;
            socket.connect(&socket.local_addr()?)?;
        }
        Kind::Unsent | Kind::Unsendable => {
            socket.connect(&to.into())?;
            // AF_UNSPEC.
            socket::connect_raw(&socket, &[0; 16])?;
            setsockopt(&socket, TcpFastOpenConnect, &true)?;
            socket.connect(&to.into())?;
            if kind == Kind::Unsendable {
                socket.bind_device(Some(b"lo"))?;
                if socket.send(&[0]).is_ok() {
                    bail!("the peer is on the loopback device");
                }
            }
        }
    }
    if options.cookies {
        println!("cookie {}", socket.cookie()?);
    }
    if options.become_ipv4 {
        socket::become_ipv4(&socket)?;
    }
    if options.refused_over_ipv4 {
        // AF_UNSPEC.
        socket::connect_raw(&socket, &[0; 16])?;
        match socket.connect(&SocketAddr::from((Ipv4Addr::LOCALHOST, 1)).into()) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => (),
            other => bail!("nobody refuses: {other:?}"),
        }
    }
    if options.until_reset {
        socket.shutdown(Shutdown::Write)?;
        match socket.read(&mut [0]) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => (),
            other => bail!("the peer has not reset the connection: {other:?}"),
        }
    }
    Ok(socket)
}

/// Treats "in progress" as success.
fn in_progress(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => Ok(()),
        other => other,
    }
}

fn send(socket: &Socket) -> Result<()> {
    if socket.send(b"x")? != 1 {
        bail!("nothing was sent");
    }
    Ok(())
}
