// SPDX-License-Identifier: GPL-2.0

//! MPTCP connections that stay open and carry data, so that they can get further subflows.

use std::{io::Write, thread, time::Duration};

use anyhow::Result;
use clap::Args;

use crate::socket;

/// Time between two bytes of one connection. A listener of [`crate::serve`] closes after ten seconds of silence.
const PAUSE: Duration = Duration::from_millis(200);

#[derive(Args)]
pub struct Options {
    /// Destination `[address]:port` of a listener with MPTCP
    #[arg(long, default_value = "[::1]:7000")]
    to: String,
    /// Number of connections
    #[arg(long, default_value_t = 1)]
    connects: u64,
}

pub fn run(options: &Options) -> Result<()> {
    let to = socket::address(&options.to)?;
    let mut connections = Vec::new();
    for _ in 0..options.connects {
        let mut connection = socket::tcp_for(to, true)?;
        connection.connect(&to.into())?;
        connection.write_all(&[0])?;
        connections.push(connection);
    }
    let mut rounds = 0;
    loop {
        thread::sleep(PAUSE);
        for connection in &mut connections {
            connection.write_all(&[0])?;
        }
        rounds += 1;
        // The kernel joins a connection only after the peer has acknowledged data.
        if rounds == 3 {
            println!("ready");
            std::io::stdout().flush()?;
        }
    }
}
