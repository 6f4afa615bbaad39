// SPDX-License-Identifier: GPL-2.0

//! Connects that the kernel refuses for a listener that is there.
//!
//! A socket that is closed with a reset leaves its port to the next one at once. If the listener's side has not seen
//! the end of the first handshake yet, the second SYN finds it unfinished, and both are reset
//! (`tcp_check_req()`, net/ipv4/tcp_minisocks.c). With PREEMPT_RT, where tasks are preempted in the midst of choosing a
//! port and packets wait for a thread, that happens to one in some thousand connects from many threads, with this
//! module and without.

use std::fs;

use anyhow::{Context, Result};

/// How many attempts to connect have failed in this network namespace: `AttemptFails` of the TCP counters.
///
/// A refused socket counts one. Where it was refused for an unfinished handshake, the listener's side counts another,
/// which nobody does where there is no listener.
pub fn failed_attempts() -> Result<u64> {
    counter(&fs::read_to_string("/proc/net/snmp")?, "AttemptFails")
        .context("/proc/net/snmp has no AttemptFails")
}

/// A TCP counter: a line of names is followed by one of values.
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
