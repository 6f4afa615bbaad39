// SPDX-License-Identifier: GPL-2.0

//! The function that makes a connection's socket of a valid SYN cookie.
//!
//! C source: [`net/ipv4/syncookies.c`](srctree/net/ipv4/syncookies.c)

use core::marker::PhantomData;

use super::socket;
use crate::{
    abstractions::{
        compat::prelude::*,
        net::Net,
        probe_target::{
            ProbeTarget,
            PtRegs, //
        }, //
    },
    bindings, //
};

/// `struct sock *tcp_get_cookie_sock(struct sock *sk, struct sk_buff *skb, struct request_sock *req, ...)`; returns the
/// new socket, locked and in SYN_RECV, or null.
///
/// It does not sleep, and serves both families. A BPF program that checks cookies of its own gets its socket here, too.
pub(crate) struct TcpGetCookieSock;

/// One call.
#[derive(Clone, Copy)]
pub(crate) struct Answering<'call> {
    // The listener.
    sk: *const bindings::sock,
    _live: PhantomData<&'call bindings::sock>,
}

impl<'call> Answering<'call> {
    /// Returns the listener's network namespace, which is that of the new socket.
    #[inline]
    pub(crate) fn net(self) -> Net<'call> {
        // SAFETY: The listener is live for the call and holds its namespace.
        unsafe { socket::net(self.sk) }
    }

    /// Returns whether the listener, and so the new socket, was created for IPv6.
    #[inline]
    pub(crate) fn is_for_ipv6(self) -> bool {
        // SAFETY: The listener is live for the call.
        unsafe { socket::is_for_ipv6(self.sk) }
    }
}

// SAFETY: The first argument is a `struct sock` of TCP, which the caller holds, or which RCU keeps, during the call.
unsafe impl ProbeTarget for TcpGetCookieSock {
    const SYMBOL: &'static CStr = c"tcp_get_cookie_sock";

    type Args<'call> = Answering<'call>;

    #[inline]
    unsafe fn args<'call>(regs: &PtRegs) -> Answering<'call> {
        Answering {
            sk: regs.argument(0) as *const _,
            _live: PhantomData,
        }
    }
}
