// SPDX-License-Identifier: GPL-2.0

//! A peer that opens a connection at the same time as the other end, and resets the connection: RFC 9293, section 3.5.

use std::{net::SocketAddr, thread::sleep, time::Duration};

use anyhow::Result;
use clap::Args;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use crate::socket;

#[derive(Args)]
pub struct Options {
    /// This end, `[address]:port`
    #[arg(long)]
    from: String,
    /// The end that connects, `[address]:port`
    #[arg(long)]
    to: String,
}

const SYN: u8 = 0x02;
const RST: u8 = 0x04;

/// The sequence number of the SYN.
const ISN: u32 = 1000;

pub fn run(options: &Options) -> Result<()> {
    let (from, to) = (
        socket::address(&options.from)?,
        socket::address(&options.to)?,
    );
    let raw = Socket::new(Domain::IPV6, Type::RAW, Some(Protocol::TCP))?;
    // The kernel fills in the checksum, at byte 16 of the header.
    socket::set_checksum(&raw, 16)?;
    raw.bind(&host(from))?;
    raw.send_to(&segment(from.port(), to.port(), ISN, SYN), &host(to))?;
    // The other end answers in softirq.
    sleep(Duration::from_millis(200));
    raw.send_to(&segment(from.port(), to.port(), ISN + 1, RST), &host(to))?;
    Ok(())
}

/// Returns the address without its port: a raw socket has none.
fn host(address: SocketAddr) -> SockAddr {
    SocketAddr::new(address.ip(), 0).into()
}

/// Returns a TCP header without options and checksum.
fn segment(from: u16, to: u16, sequence: u32, flags: u8) -> [u8; 20] {
    let mut segment = [0; 20];
    segment[0..2].copy_from_slice(&from.to_be_bytes());
    segment[2..4].copy_from_slice(&to.to_be_bytes());
    segment[4..8].copy_from_slice(&sequence.to_be_bytes());
    // The header has five words.
    segment[12] = 5 << 4;
    segment[13] = flags;
    segment[14..16].copy_from_slice(&u16::MAX.to_be_bytes());
    segment
}
