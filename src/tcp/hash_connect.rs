// SPDX-License-Identifier: GPL-2.0

//! The function that finds a connecting IPv6 socket its port.
//!
//! C source: [`net/ipv6/inet6_hashtables.c`](srctree/net/ipv6/inet6_hashtables.c)

use super::socket::Socket;
use crate::abstractions::{
    compat::prelude::*,
    probe_target::{
        ProbeTarget,
        PtRegs, //
    }, //
};

/// `int inet6_hash_connect(struct inet_timewait_death_row *death_row, struct sock *sk)`.
///
/// Runs within `tcp_v6_connect()`, with the socket locked (and for other protocols, which no kernel here
/// has).
pub(crate) struct Inet6HashConnect;

// SAFETY: The second argument is a `struct sock` of TCP over IPv6, held and locked during the call.
unsafe impl ProbeTarget for Inet6HashConnect {
    const SYMBOL: &'static CStr = c"inet6_hash_connect";

    type Args<'call> = Socket<'call>;

    unsafe fn args<'call>(regs: &PtRegs) -> Socket<'call> {
        // SAFETY: At entry the second argument is the socket, locked and live for the call.
        unsafe { Socket::from_raw(regs.argument(1) as *const _) }
    }
}
