// SPDX-License-Identifier: GPL-2.0

//! The function that closes a TCP socket.
//!
//! C source: [`net/ipv4/tcp.c`](srctree/net/ipv4/tcp.c)

use core::marker::PhantomData;

use crate::{
    abstractions::{
        compat::prelude::*,
        marked::read_once,
        probe_target::{
            ProbeTarget,
            PtRegs, //
        }, //
    },
    bindings, //
};

/// `void tcp_close(struct sock *sk, long timeout)`: called for TCP sockets of either family, without the socket
/// lock, which it takes itself.
pub(crate) struct TcpClose;

/// A socket that is about to be closed.
#[derive(Clone, Copy)]
pub(crate) struct Closing<'call> {
    sk: *mut bindings::tcp_sock,
    _held: PhantomData<&'call bindings::tcp_sock>,
}

impl Closing<'_> {
    /// `SO_PRIORITY`, which may change without the socket lock.
    pub(crate) fn priority(self) -> u32 {
        // SAFETY: A `tcp_sock` begins with a `sock`, which the caller holds during the call.
        unsafe { read_once(&raw const (*self.sk.cast::<bindings::sock>()).sk_priority) }
    }

    /// `tp->tsoffset`.
    pub(crate) fn tsoffset(self) -> u32 {
        // SAFETY: The caller holds the socket during the call.
        unsafe { read_once(&raw const (*self.sk).tsoffset) }
    }

    /// Sets it: `WRITE_ONCE`.
    pub(crate) fn set_tsoffset(self, offset: u32) {
        // SAFETY: The socket is live during the call that it is an argument of; whoever reads the field, does so by marked loads.
        unsafe { (&raw mut (*self.sk).tsoffset).write_volatile(offset) };
    }
}

// SAFETY: The first argument is a `struct sock` of TCP, held by the caller during the call.
unsafe impl ProbeTarget for TcpClose {
    const SYMBOL: &'static CStr = c"tcp_close";

    type Args<'call> = Closing<'call>;

    unsafe fn args<'call>(regs: &PtRegs) -> Closing<'call> {
        Closing {
            sk: regs.argument(0) as *mut _,
            _held: PhantomData,
        }
    }
}
