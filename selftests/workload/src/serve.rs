// SPDX-License-Identifier: GPL-2.0

//! The listening end of a connection.

use std::{
    io::{Read, Write},
    thread,
    time::Duration,
};

use anyhow::{Context, Result};
use clap::Args;
use nix::sys::socket::{
    setsockopt,
    sockopt::{Mark, Priority},
};
use socket2::Socket;

use crate::{connect::number, socket};

#[derive(Args)]
pub struct Options {
    /// Address to listen on, `[address]:port`; an IPv6 wildcard accepts IPv4, too. An IPv4
    /// `address:port` takes an IPv4 socket
    #[arg(long, default_value = "[::]:7000")]
    listen: String,
    /// Listen with MPTCP
    #[arg(long)]
    mptcp: bool,
    /// Listen on an IPv6 socket that became an IPv4 one; requires a v4-mapped address
    #[arg(long)]
    became_ipv4: bool,
    /// SO_MARK of the listener, which accepted sockets inherit, decimal or 0x
    #[arg(long, value_parser = number)]
    mark: Option<i32>,
    /// Leave all connections in the queue of the listener
    #[arg(long)]
    accept_nothing: bool,
    #[command(flatten)]
    with_each: WithEach,
}

/// What to do with each accepted socket.
#[derive(Args, Clone, Copy, Default)]
struct WithEach {
    /// SO_PRIORITY of the accepted sockets, decimal or 0x; with a priority, closing resets the connection
    #[arg(long, value_parser = number)]
    priority: Option<i32>,
    /// Close each accepted socket after its peer, instead of after the first data
    #[arg(long)]
    to_the_end: bool,
    /// Ask for the cookie of each accepted socket at once, and print it
    #[arg(long)]
    ask_cookie: bool,
    /// Set another offset in each accepted socket at once: TCP_TIMESTAMP in repair mode
    #[arg(long)]
    set_offset: bool,
}

/// Binds and listens with Fast Open enabled.
pub fn listener(address: &str, mptcp: bool) -> Result<Socket> {
    bound(address, mptcp).and_then(listening)
}

/// Listens like [`listener`], on a socket that was connected, became an IPv4 one and was disconnected.
fn listener_that_became_ipv4(address: &str) -> Result<Socket> {
    let peer = std::net::TcpListener::bind("[::ffff:127.0.0.1]:0")?;
    let listener = bound(address, false)?;
    listener.connect(&peer.local_addr()?.into())?;
    socket::become_ipv4(&listener)?;
    // AF_UNSPEC.
    socket::connect_raw(&listener, &[0; 16])?;
    listening(listener)
}

fn bound(address: &str, mptcp: bool) -> Result<Socket> {
    let to = socket::address(address)?;
    let listener = socket::tcp_for(to, mptcp)?;

    listener.set_reuse_address(true)?;
    if to.is_ipv6() {
        listener.set_only_v6(false)?;
    }
    listener
        .bind(&to.into())
        .with_context(|| format!("cannot bind {address}"))?;
    Ok(listener)
}

fn listening(listener: Socket) -> Result<Socket> {
    socket::set(&listener, socket::Opt::FastOpen, 128)?;
    listener.listen(4096)?;
    Ok(listener)
}

/// Accepts in a few threads, reads the data that arrives first and closes, until the process ends.
///
/// Closing a socket with unread data would reset the connection of a client whose SYN carried data.
pub fn accept_forever(listener: &Socket) -> Result<()> {
    accept_with(listener, WithEach::default())
}

/// Accepts like [`accept_forever`]. With a priority, each accepted socket gets the priority and resets its connection on
/// close. A peer would reject any other packet, because its timestamp went back. With `to_the_end`, each accepted socket
/// lives until its peer closes, or is silent for a minute.
fn accept_with(listener: &Socket, with_each: WithEach) -> Result<()> {
    for _ in 0..2 {
        let listener = listener.try_clone()?;
        // A connection that is reset before the accept is no failure of the listener.
        thread::spawn(move || loop {
            if let Ok((connection, _)) = listener.accept() {
                if let Err(error) = with_each.serve(connection) {
                    eprintln!("{error:#}");
                }
            }
        });
    }
    Ok(())
}

impl WithEach {
    fn serve(self, mut connection: Socket) -> Result<()> {
        if let Some(priority) = self.priority {
            // The peer can have reset the connection.
            let _ = setsockopt(&connection, Priority, &priority);
            let _ = socket::reset_on_close(&connection);
        }
        if self.set_offset {
            socket::set(&connection, socket::Opt::Repair, 1)?;
            socket::set(&connection, socket::Opt::Timestamp, 1_000_000)?;
            socket::set(&connection, socket::Opt::Repair, -1)?;
        }
        if self.ask_cookie {
            println!("cookie {}", connection.cookie()?);
        }
        let silence = Duration::from_secs(if self.to_the_end { 60 } else { 1 });
        connection.set_read_timeout(Some(silence))?;
        while connection.read(&mut [0; 64]).is_ok_and(|read| read > 0) && self.to_the_end {}
        Ok(())
    }
}

pub fn run(options: &Options) -> Result<()> {
    let listener = if options.became_ipv4 {
        listener_that_became_ipv4(&options.listen)?
    } else {
        listener(&options.listen, options.mptcp)?
    };
    if let Some(mark) = options.mark {
        setsockopt(&listener, Mark, &mark.unsigned_abs())?;
    }
    if !options.accept_nothing {
        accept_with(&listener, options.with_each)?;
    }
    println!("ready");
    std::io::stdout().flush()?;
    loop {
        thread::park();
    }
}
