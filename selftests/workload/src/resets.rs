// SPDX-License-Identifier: GPL-2.0

//! Connects that the kernel refuses for a listener that is there.
//!
//! A socket that is closed with a reset leaves its port to the next one at once. If the listener's side has not seen
//! the end of the first handshake yet, the second SYN finds it unfinished, and both are reset
//! (`tcp_check_req()`, net/ipv4/tcp_minisocks.c). With PREEMPT_RT, where tasks are preempted in the midst of choosing a
//! port and packets wait for a thread, that happens to one in some thousand connects from many threads, with this
//! module and without. The kernel counts each.

use std::fs;

use anyhow::{Context, Result};

/// How many in this network namespace so far: `EmbryonicRsts` of the TCP counters.
pub fn embryonic() -> Result<u64> {
    counter(&fs::read_to_string("/proc/net/netstat")?, "EmbryonicRsts")
        .context("/proc/net/netstat has no EmbryonicRsts")
}

/// A TCP counter: a line of names is followed by one of values.
fn counter(text: &str, name: &str) -> Option<u64> {
    let mut lines = text
        .lines()
        .filter_map(|line| line.strip_prefix("TcpExt: "));
    let (names, values) = (lines.next()?, lines.next()?);
    let (_, value) = names
        .split(' ')
        .zip(values.split(' '))
        .find(|(found, _)| *found == name)?;
    value.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::counter;

    const TEXT: &str = "TcpExt: SyncookiesSent EmbryonicRsts PruneCalled\n\
        TcpExt: 1 17 3\n\
        IpExt: InNoRoutes EmbryonicRsts\n\
        IpExt: 5 6\n";

    #[test]
    fn a_counter_is_found_by_its_name() {
        assert_eq!(counter(TEXT, "EmbryonicRsts"), Some(17));
        assert_eq!(counter(TEXT, "InNoRoutes"), None);
        assert_eq!(counter("", "EmbryonicRsts"), None);
    }
}
