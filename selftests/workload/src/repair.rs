// SPDX-License-Identifier: GPL-2.0

//! Restores connections by TCP_REPAIR, like a checkpoint tool.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{bail, Result};
use clap::Args;

use crate::socket::{self, Opt};

#[derive(Args)]
pub struct Options {
    /// Destination; repair mode sends nothing, so no listener is required. An IPv4 `address:port` takes an IPv4 socket
    #[arg(long, default_value = "[::1]:7000")]
    to: String,
    /// Number of connections
    #[arg(long, default_value_t = 10)]
    connects: u64,
    /// Connect without repair mode, enable repair mode while the peer is silent, and close
    #[arg(long)]
    in_handshake: bool,
    /// Connect without repair mode, disconnect, and connect again in repair mode without setting an offset;
    /// requires a listener
    #[arg(long)]
    again: bool,
    /// With --again and a v4-mapped peer: become an IPv4 socket in between, and connect again to another address
    #[arg(long, requires = "again")]
    become_ipv4: bool,
    /// Set the offset, and close without connecting
    #[arg(long)]
    only_set: bool,
}

pub fn run(options: &Options) -> Result<()> {
    let to = socket::address(&options.to)?;

    for _ in 0..options.connects {
        let socket = socket::tcp_for(to, false)?;
        if options.in_handshake {
            socket.set_nonblocking(true)?;
            match socket.connect(&to.into()) {
                Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => (),
                other => bail!("connect is not in progress: {other:?}"),
            }
            socket::set(&socket, Opt::Repair, 1)?;
            continue;
        }
        if options.again {
            socket.connect(&to.into())?;
            if options.become_ipv4 {
                socket::become_ipv4(&socket)?;
            }
            // AF_UNSPEC.
            socket::connect_raw(&socket, &[0; 16])?;
            socket::set(&socket, Opt::Repair, 1)?;
            if options.become_ipv4 {
                socket
                    .connect(&SocketAddr::from((Ipv4Addr::new(127, 0, 0, 2), to.port())).into())?;
            } else {
                socket.connect(&to.into())?;
            }
            socket::set(&socket, Opt::Repair, -1)?;
            socket::reset_on_close(&socket)?;
            continue;
        }
        socket::set(&socket, Opt::Repair, 1)?;
        // The option is the clock's value. The kernel stores its difference to the clock as the offset.
        socket::set(&socket, Opt::Timestamp, 0x1234_5678)?;
        if options.only_set {
            continue;
        }
        let before = socket::get(&socket, Opt::Timestamp)?;
        socket.connect(&to.into())?;
        let after = socket::get(&socket, Opt::Timestamp)?;
        // Between the reads, the clock advances by less than a second in microseconds or milliseconds, the unit
        // of this connection. A replaced offset would change the value by more.
        if after.wrapping_sub(before) > 10_000_000 {
            bail!("connect changed the timestamp of a socket in repair: {before} to {after}");
        }
        // -1 ends repair mode without a window probe, so that closing sends nothing.
        socket::set(&socket, Opt::Repair, -1)?;
        socket::reset_on_close(&socket)?;
    }
    println!("connects {}", options.connects);
    Ok(())
}
