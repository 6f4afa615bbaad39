// SPDX-License-Identifier: GPL-2.0

//! The function that sets a TCP socket's options, the offset among them.
//!
//! C source: [`net/ipv4/tcp.c`](srctree/net/ipv4/tcp.c)

use core::marker::PhantomData;

use crate::{
    abstractions::{
        compat::prelude::*,
        net::Net,
        probe_target::{
            ProbeTarget,
            PtRegs, //
        }, //
    },
    bindings,
    tcp::socket::{
        cookie,
        net, //
    }, //
};

/// `int do_tcp_setsockopt(struct sock *sk, int level, int optname, ...)`.
///
/// It may sleep, and takes the socket lock itself.
pub(crate) struct DoTcpSetsockopt;

/// One call.
#[derive(Clone, Copy)]
pub(crate) struct Setsockopt<'call> {
    sk: *const bindings::sock,
    option: i32,
    _held: PhantomData<&'call bindings::sock>,
}

impl<'call> Setsockopt<'call> {
    /// Whether it sets the socket's timestamp, and with it the offset: allowed in TCP_REPAIR mode only.
    #[inline]
    pub(crate) fn sets_timestamp(self) -> bool {
        self.option == bindings::TCP_TIMESTAMP as i32
    }

    /// The socket's address, to recognize it by. Never shown.
    #[inline]
    pub(crate) fn socket(self) -> usize {
        self.sk as usize
    }

    /// The socket's network namespace.
    pub(crate) fn net(self) -> Net<'call> {
        // SAFETY: The caller holds the socket during the call, and the socket its namespace.
        unsafe { net(self.sk) }
    }

    /// The socket's cookie.
    pub(crate) fn cookie(self) -> u64 {
        // SAFETY: The caller holds the socket during the call.
        unsafe { cookie(self.sk) }
    }
}

// SAFETY: The first argument is a `struct sock` of TCP, held by the caller during the call, the third a
// number.
unsafe impl ProbeTarget for DoTcpSetsockopt {
    const SYMBOL: &'static CStr = c"do_tcp_setsockopt";

    type Args<'call> = Setsockopt<'call>;

    #[inline]
    unsafe fn args<'call>(regs: &PtRegs) -> Setsockopt<'call> {
        Setsockopt {
            sk: regs.argument(0) as *const _,
            option: regs.argument(2) as i32,
            _held: PhantomData,
        }
    }
}
