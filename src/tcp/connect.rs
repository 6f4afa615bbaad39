// SPDX-License-Identifier: GPL-2.0

//! The function that connects an IPv6 TCP socket.
//!
//! C source: [`net/ipv6/tcp_ipv6.c`](srctree/net/ipv6/tcp_ipv6.c)

use super::socket::Socket;
use crate::abstractions::{
    compat::prelude::*,
    probed::{
        Function,
        Regs, //
    }, //
};

/// `int tcp_v6_connect(struct sock *sk, ...)`, which returns 0 or a negative errno.
///
/// It may sleep, and runs with the socket locked by the caller, which is always a task.
pub(crate) struct TcpV6Connect;

// SAFETY: The first argument is a `struct sock` of TCP over IPv6, held by the caller during the call.
unsafe impl Function for TcpV6Connect {
    #[cfg(not(any(tsoffset_variant = "no-symbol", tsoffset_variant = "no-probe")))]
    const SYMBOL: &'static CStr = c"tcp_v6_connect";
    #[cfg(tsoffset_variant = "no-symbol")]
    const SYMBOL: &'static CStr = c"tcp_v6_connect_missing";
    // One that kprobes themselves run through, and refuse.
    #[cfg(tsoffset_variant = "no-probe")]
    const SYMBOL: &'static CStr = c"get_kprobe";

    type Args<'call> = Socket<'call>;

    #[inline]
    unsafe fn args<'call>(regs: &Regs) -> Socket<'call> {
        // SAFETY: At entry the first argument is the socket, locked and live for the call.
        unsafe { Socket::from_raw(regs.argument(0) as *const _) }
    }
}
