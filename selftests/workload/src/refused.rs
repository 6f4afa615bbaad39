// SPDX-License-Identifier: GPL-2.0

//! Makes connects that fail, one kind at a time.

use std::{io, net::Ipv6Addr};

use anyhow::{bail, Result};
use clap::Args;
use socket2::Socket;

use crate::socket;

#[derive(Args)]
pub struct Options {
    /// Number of connects of each kind
    #[arg(long, default_value_t = 10)]
    times: u64,
    /// Only connect, disconnect, and connect again from ports that are taken by then
    #[arg(long)]
    after_disconnect: bool,
}

/// A kind of connect and its expected error.
struct Refusal {
    name: &'static str,
    errno: i32,
    /// True if `tcp_v6_connect()` itself returns the error. False if it succeeds and the peer refuses.
    inside: bool,
    connect: fn(&Socket) -> io::Result<()>,
}

const LOOPBACK: Ipv6Addr = Ipv6Addr::LOCALHOST;

const REFUSALS: [Refusal; 6] = [
    Refusal {
        name: "multicast",
        errno: libc::ENETUNREACH,
        inside: true,
        connect: |socket| to(socket, Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1), 9),
    },
    Refusal {
        name: "no-route",
        errno: libc::ENETUNREACH,
        inside: true,
        connect: |socket| {
            to(
                socket,
                Ipv6Addr::new(0x2001, 0xdb8, 0xdead, 0, 0, 0, 0, 1),
                9,
            )
        },
    },
    Refusal {
        name: "short-address",
        errno: libc::EINVAL,
        inside: true,
        connect: |socket| socket::connect_raw(socket, &family(libc::AF_INET6, 8)),
    },
    Refusal {
        name: "wrong-family",
        errno: libc::EAFNOSUPPORT,
        inside: true,
        connect: |socket| socket::connect_raw(socket, &family(libc::AF_UNIX, 28)),
    },
    Refusal {
        name: "port-taken",
        errno: libc::EADDRNOTAVAIL,
        inside: true,
        connect: port_taken,
    },
    Refusal {
        name: "nobody-listens",
        errno: libc::ECONNREFUSED,
        inside: false,
        connect: |socket| to(socket, LOOPBACK, 1),
    },
];

pub fn run(options: &Options) -> Result<()> {
    if options.after_disconnect {
        for _ in 0..options.times {
            port_taken_after_disconnect()?;
        }
        println!("after-disconnect {}", options.times);
        return Ok(());
    }

    let mut inside = 0;
    let mut after = 0;
    let mut extra = 0;

    for refusal in &REFUSALS {
        for _ in 0..options.times {
            let socket = socket::tcp6(false)?;
            match (refusal.connect)(&socket) {
                Err(error) if error.raw_os_error() == Some(refusal.errno) => {}
                other => bail!(
                    "{}: {other:?} instead of errno {}",
                    refusal.name,
                    refusal.errno
                ),
            }
            *(if refusal.inside {
                &mut inside
            } else {
                &mut after
            }) += 1;
            extra += u64::from(refusal.name == "port-taken");
        }
        println!("{} {}", refusal.name, options.times);
    }
    // The first connection of "port-taken" counts, too.
    println!("connects {}", inside + after + extra);
    println!("failed-inside {inside}");
    println!("refused-after {after}");
    Ok(())
}

fn to(socket: &Socket, address: Ipv6Addr, port: u16) -> io::Result<()> {
    socket.connect(&std::net::SocketAddr::from((address, port)).into())
}

/// Returns a sockaddr with a family and zeroes.
fn family(family: i32, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    let family = u16::try_from(family).unwrap_or(0);
    bytes[..2].copy_from_slice(&family.to_ne_bytes());
    bytes
}

/// Connects, disconnects, and connects again from the ports of an existing connection. The disconnected socket has
/// ECONNRESET as its error until its next SYN, which it never sends.
fn port_taken_after_disconnect() -> Result<()> {
    let any = std::net::SocketAddr::from((LOOPBACK, 0));
    let [to_first, to_taken] = [socket::tcp6(false)?, socket::tcp6(false)?];
    for listener in [&to_first, &to_taken] {
        listener.bind(&any.into())?;
        listener.listen(1)?;
    }

    let other = socket::tcp6(false)?;
    other.set_reuse_address(true)?;
    other.bind(&any.into())?;
    let socket = socket::tcp6(false)?;
    socket.set_reuse_address(true)?;
    socket.bind(&other.local_addr()?)?;
    socket::reset_on_close(&other)?;
    other.connect(&to_taken.local_addr()?)?;

    socket.connect(&to_first.local_addr()?)?;
    // AF_UNSPEC.
    socket::connect_raw(&socket, &[0; 16])?;
    match socket.connect(&to_taken.local_addr()?) {
        Err(error) if error.raw_os_error() == Some(libc::EADDRNOTAVAIL) => Ok(()),
        result => bail!("{result:?} instead of errno {}", libc::EADDRNOTAVAIL),
    }
}

/// Connects from the ports of an existing connection.
fn port_taken(socket: &Socket) -> io::Result<()> {
    let any = std::net::SocketAddr::from((LOOPBACK, 0));
    let listener = socket::tcp6(false)?;
    listener.bind(&any.into())?;
    listener.listen(1)?;

    let first = socket::tcp6(false)?;
    first.set_reuse_address(true)?;
    first.bind(&any.into())?;
    socket.set_reuse_address(true)?;
    socket.bind(&first.local_addr()?)?;
    socket::reset_on_close(&first)?;
    first.connect(&listener.local_addr()?)?;
    socket.connect(&listener.local_addr()?)
}
