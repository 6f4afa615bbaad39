// SPDX-License-Identifier: GPL-2.0

//! The function that makes a connection's socket of a valid SYN cookie.
//!
//! C source: [`net/ipv4/syncookies.c`](srctree/net/ipv4/syncookies.c)

use core::marker::PhantomData;

use crate::abstractions::{
    compat::prelude::*,
    probe_target::{
        ProbeTarget,
        PtRegs, //
    }, //
};

/// `struct sock *tcp_get_cookie_sock(struct sock *sk, struct sk_buff *skb, struct request_sock *req, ...)`; returns the
/// new socket, or null.
///
/// It runs in a softirq, does not sleep, and serves both families. A BPF program that checks cookies of its own gets
/// its socket here, too.
pub(crate) struct TcpGetCookieSock;

// SAFETY: The type takes no argument.
unsafe impl ProbeTarget for TcpGetCookieSock {
    const SYMBOL: &'static CStr = c"tcp_get_cookie_sock";

    type Args<'call> = PhantomData<&'call ()>;

    #[inline]
    unsafe fn args<'call>(_regs: &PtRegs) -> PhantomData<&'call ()> {
        PhantomData
    }
}
