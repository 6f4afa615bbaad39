// SPDX-License-Identifier: GPL-2.0

//! The other end of a connection.

use std::{
    io::{Read, Write},
    thread,
    time::Duration,
};

use anyhow::{Context, Result};
use clap::Args;
use socket2::Socket;

use crate::socket;

#[derive(Args)]
pub struct Options {
    /// Where to listen, `[address]:port`; an IPv6 wildcard takes IPv4 too
    #[arg(long, default_value = "[::]:7000")]
    listen: String,
    /// Listen with MPTCP
    #[arg(long)]
    mptcp: bool,
}

/// Binds and listens, with Fast Open on.
pub fn listener(address: &str, mptcp: bool) -> Result<Socket> {
    let listener = socket::tcp6(mptcp)?;

    listener.set_reuse_address(true)?;
    listener.set_only_v6(false)?;
    listener
        .bind(&socket::address(address)?.into())
        .with_context(|| format!("cannot bind {address}"))?;
    socket::set(&listener, socket::Opt::FastOpen, 128)?;
    listener.listen(4096)?;
    Ok(listener)
}

/// Accepts from a few threads, reads what comes at once and closes, until the process ends.
///
/// Closing with something unread would reset the connection, under a client whose SYN carried data.
pub fn accept_forever(listener: &Socket) -> Result<()> {
    for _ in 0..2 {
        let listener = listener.try_clone()?;
        // A connection that was reset before it was accepted is no failure of the listener.
        thread::spawn(move || loop {
            if let Ok((mut connection, _)) = listener.accept() {
                let _ = connection.set_read_timeout(Some(Duration::from_secs(1)));
                let _ = connection.read(&mut [0; 64]);
            }
        });
    }
    Ok(())
}

pub fn run(options: &Options) -> Result<()> {
    accept_forever(&listener(&options.listen, options.mptcp)?)?;
    println!("ready");
    std::io::stdout().flush()?;
    loop {
        thread::park();
    }
}
