// SPDX-License-Identifier: GPL-2.0

//! The function that reads a TCP socket's options, some of them without the socket lock.
//!
//! C source: [`net/ipv4/tcp.c`](srctree/net/ipv4/tcp.c)

use core::marker::PhantomData;

use super::socket::net;
use crate::{
    abstractions::{
        compat::prelude::*,
        marked::read_once,
        net::Net,
        probe_target::{
            ProbeTarget,
            PtRegs, //
        }, //
    },
    bindings, //
};

/// `int do_tcp_getsockopt(struct sock *sk, int level, int optname, ...)`.
///
/// It may sleep, and is called for TCP sockets of either family, without the socket lock.
pub(crate) struct DoTcpGetsockopt;

/// One call.
#[derive(Clone, Copy)]
pub(crate) struct Getsockopt<'call> {
    sk: *const bindings::tcp_sock,
    option: i32,
    _held: PhantomData<&'call bindings::tcp_sock>,
}

impl<'call> Getsockopt<'call> {
    /// Whether it asks for the socket's timestamp, of which the offset is a part.
    #[inline]
    pub(crate) fn reads_timestamp(self) -> bool {
        self.option == bindings::TCP_TIMESTAMP as i32
    }

    /// The socket's network namespace.
    #[inline]
    pub(crate) fn net(self) -> Net<'call> {
        // SAFETY: The caller holds the socket during the call, which holds its namespace.
        unsafe { net(self.sk.cast()) }
    }

    /// The socket's address, to recognize it by. Never shown.
    #[inline]
    pub(crate) fn socket(self) -> usize {
        self.sk as usize
    }

    /// `tp->tsoffset`, by a marked load as the call itself does it: whoever stores it plainly at the same
    /// time races with both.
    #[inline]
    pub(crate) fn tsoffset(self) -> u32 {
        // SAFETY: The caller holds the socket during the call.
        unsafe { read_once(&raw const (*self.sk).tsoffset) }
    }
}

// SAFETY: The first argument is a `struct sock` of TCP, held by the caller during the call, the third a
// number.
unsafe impl ProbeTarget for DoTcpGetsockopt {
    const SYMBOL: &'static CStr = c"do_tcp_getsockopt";

    type Args<'call> = Getsockopt<'call>;

    #[inline]
    unsafe fn args<'call>(regs: &PtRegs) -> Getsockopt<'call> {
        Getsockopt {
            sk: regs.argument(0) as *const _,
            option: regs.argument(2) as i32,
            _held: PhantomData,
        }
    }
}
