// SPDX-License-Identifier: GPL-2.0

//! The function that makes a connection's socket of a valid SYN cookie.
//!
//! C source: [`net/ipv4/syncookies.c`](srctree/net/ipv4/syncookies.c)

use core::marker::PhantomData;

use super::socket;
use crate::{
    abstractions::{
        marked::read_once,
        net::Net,
        probe_target::{
            probe_target,
            ReturnValue, //
        }, //
    },
    bindings, //
};

/// `struct sock *tcp_get_cookie_sock(struct sock *sk, struct sk_buff *skb, struct request_sock *req, ...)`; returns the
/// new socket, locked and in SYN_RECV, or null. A subflow of MPTCP whose join fails is closed.
///
/// It does not sleep, and serves both families. A BPF program that checks cookies of its own gets its socket here, too.
pub(crate) struct TcpGetCookieSock;

/// One call.
#[derive(Clone, Copy)]
pub(crate) struct CookieSockArgs<'call> {
    // The listener.
    sk: *const bindings::sock,
    _live: PhantomData<&'call bindings::sock>,
}

impl<'call> CookieSockArgs<'call> {
    /// Returns the listener's network namespace, which is that of the new socket.
    #[inline]
    pub(crate) fn net(self) -> Net<'call> {
        // SAFETY: The listener is live for the call and holds its namespace.
        unsafe { socket::net(self.sk) }
    }

    /// Returns whether the listener, and so the new socket, is one of IPv6. A listener that became one of IPv4
    /// (`setsockopt(IPV6_ADDRFORM)`) has sockets that were created for IPv4 (`sk_clone()`, net/core/sock.c).
    #[inline]
    pub(crate) fn is_ipv6(self) -> bool {
        // SAFETY: The listener is live for the call.
        u32::from(unsafe { socket::family(self.sk) }) == bindings::AF_INET6
    }
}

/// The return value: the new socket, or null.
#[derive(Clone, Copy)]
pub(crate) struct NewSocket<'call> {
    sk: *const bindings::sock,
    _locked: PhantomData<&'call bindings::sock>,
}

impl ReturnValue for NewSocket<'_> {
    #[inline(always)]
    unsafe fn from_register(value: usize) -> Self {
        Self {
            sk: value as *const _,
            _locked: PhantomData,
        }
    }
}

impl NewSocket<'_> {
    /// Returns the socket's address, for comparison, if there is a socket in SYN_RECV.
    #[inline]
    pub(crate) fn in_syn_recv(self) -> Option<usize> {
        if self.sk.is_null() {
            return None;
        }
        // SAFETY: The function returned the socket, which its caller holds. Its lock guards the state.
        let state = unsafe { read_once(&raw const (*self.sk).__sk_common.skc_state) };
        (u32::from(state) == bindings::TCP_SYN_RECV).then_some(self.sk as usize)
    }
}

// SAFETY: The function returns a `struct sock` or null. The first argument is a `struct sock` of TCP. The caller holds that
// socket during the call, or RCU keeps it.
probe_target!(
    unsafe TcpGetCookieSock = c"tcp_get_cookie_sock": for<'call> CookieSockArgs<'call> => NewSocket<'call>,
    |regs| CookieSockArgs {
        sk: regs.argument(0) as *const _,
        _live: PhantomData,
    }
);
