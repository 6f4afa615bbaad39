// SPDX-License-Identifier: GPL-2.0

//! Connects that fail, one kind at a time.

use std::{io, net::Ipv6Addr};

use anyhow::{bail, Result};
use clap::Args;
use socket2::Socket;

use crate::socket;

#[derive(Args)]
pub struct Options {
    /// How often each kind is made
    #[arg(long, default_value_t = 10)]
    times: u64,
}

/// A kind of connect, and how it has to end.
struct Refusal {
    name: &'static str,
    errno: i32,
    /// Whether `tcp_v6_connect()` itself returns the error, or succeeds and the peer refuses.
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
    // The connection whose ports the "port-taken" kind asks for again.
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
    // "port-taken" makes a connection of its own first.
    println!("connects {}", inside + after + extra);
    println!("failed-inside {inside}");
    println!("refused-after {after}");
    Ok(())
}

fn to(socket: &Socket, address: Ipv6Addr, port: u16) -> io::Result<()> {
    socket.connect(&std::net::SocketAddr::from((address, port)).into())
}

/// A sockaddr of a family with nothing else in it.
fn family(family: i32, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    let family = u16::try_from(family).unwrap_or(0);
    bytes[..2].copy_from_slice(&family.to_ne_bytes());
    bytes
}

/// Connects from the very ports of a connection that exists.
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
