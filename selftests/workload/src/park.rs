// SPDX-License-Identifier: GPL-2.0

//! Keeps calls of `connect` inside `tcp_v6_connect()`, or `tcp_v4_connect()`, until standard input ends.

use std::{io::Read, thread};

use anyhow::Result;
use clap::Args;

use crate::{absent::AbsentPage, overlap::fast_open, serve, socket};

#[derive(Args)]
pub struct Options {
    /// Number of simultaneous calls
    #[arg(long, default_value_t = 8)]
    calls: usize,
    /// Local port to connect to and to listen on
    #[arg(long, default_value_t = 7000)]
    port: u16,
    /// Connect IPv4 sockets
    #[arg(long)]
    ipv4: bool,
}

pub fn run(options: &Options) -> Result<()> {
    serve::accept_forever(&serve::listener(&format!("[::]:{}", options.port), false)?)?;
    let host = if options.ipv4 { "127.0.0.1" } else { "[::1]" };
    let to = socket::address(&format!("{host}:{}", options.port))?;
    // The first connection fetches the cookie. Without a cookie, the SYN carries no data.
    fast_open(&socket::tcp_for(to, false)?, to, b"first")?;

    let pages = (0..options.calls)
        .map(|_| AbsentPage::new())
        .collect::<Result<Vec<_>>>()?;
    thread::scope(|scope| {
        let calls: Vec<_> = pages
            .iter()
            .map(|page| {
                scope.spawn(|| fast_open(&socket::tcp_for(to, false)?, to, &page.bytes()[..64]))
            })
            .collect();
        let parked = pages.iter().try_for_each(AbsentPage::wait_for_fault);
        if parked.is_ok() {
            println!("parked {}", options.calls);
            std::io::stdin().read_to_end(&mut Vec::new())?;
        }
        // The pages are provided even after an error. Otherwise the other threads would wait forever.
        pages.iter().try_for_each(AbsentPage::provide)?;
        for call in calls {
            call.join().expect("a thread panicked")?;
        }
        parked
    })
}
