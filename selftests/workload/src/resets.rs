// SPDX-License-Identifier: GPL-2.0

//! Connects that the kernel refuses although a listener exists.
//!
//! A socket that is closed with a reset releases its port for the next socket at once. The listener's side may
//! not have seen the end of the first handshake yet. Then the second SYN finds an unfinished handshake, and the
//! kernel resets both (`tcp_check_req()`, net/ipv4/tcp_minisocks.c). With PREEMPT_RT, tasks are preempted while
//! they choose a port, and packets wait for a thread. There, this happens to about one in a thousand connects
//! from many threads, with and without this module.

use std::fs;

use anyhow::{Context, Result};

/// Returns the number of failed attempts to connect in this network namespace: `AttemptFails` of the TCP
/// counters.
///
/// A refused socket counts one. After a refusal for an unfinished handshake, the listener's side counts another.
/// Without a listener, there is only one.
pub fn failed_attempts() -> Result<u64> {
    counter(&fs::read_to_string("/proc/net/snmp")?, "AttemptFails")
        .context("/proc/net/snmp has no AttemptFails")
}

/// Returns a TCP counter. A line of values follows a line of names.
fn counter(text: &str, name: &str) -> Option<u64> {
    let mut lines = text.lines().filter_map(|line| line.strip_prefix("Tcp: "));
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

    const TEXT: &str = "Ip: Forwarding AttemptFails\n\
        Ip: 1 6\n\
        Tcp: ActiveOpens AttemptFails MaxConn\n\
        Tcp: 1 17 -1\n";

    #[test]
    fn a_counter_is_found_by_its_name() {
        assert_eq!(counter(TEXT, "AttemptFails"), Some(17));
        assert_eq!(counter(TEXT, "Forwarding"), None);
        assert_eq!(counter("", "AttemptFails"), None);
    }
}
