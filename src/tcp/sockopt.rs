// SPDX-License-Identifier: GPL-2.0

//! The functions that read and set the options of a TCP socket, including the timestamp and its offset.
//!
//! C source: [`net/ipv4/tcp.c`](srctree/net/ipv4/tcp.c)

use core::marker::PhantomData;

use super::socket::{
    gen_cookie,
    net, //
};
use crate::{
    abstractions::{
        marked::read_once,
        net::Net,
        probe_target::{
            probe_target,
            PtRegs, //
        }, //
    },
    bindings, //
};

/// `int do_tcp_getsockopt(struct sock *sk, int level, int optname, ...)`.
///
/// It may sleep, and is called for TCP sockets of either family, without the socket lock.
pub(crate) struct DoTcpGetsockopt;

/// `int do_tcp_setsockopt(struct sock *sk, int level, int optname, ...)`.
///
/// It may sleep, and takes the socket lock itself.
pub(crate) struct DoTcpSetsockopt;

/// A call of either function.
#[derive(Clone, Copy)]
pub(crate) struct Sockopt<'call> {
    sk: *const bindings::tcp_sock,
    option: i32,
    _held: PhantomData<&'call bindings::tcp_sock>,
}

impl<'call> Sockopt<'call> {
    #[inline(always)]
    fn from_regs(regs: &PtRegs) -> Self {
        Self {
            sk: regs.argument(0) as *const _,
            option: regs.argument(2) as i32,
            _held: PhantomData,
        }
    }

    /// Returns whether the option is `TCP_TIMESTAMP`, which includes the offset. The kernel sets it in TCP_REPAIR
    /// mode only.
    #[inline]
    pub(crate) fn is_timestamp(self) -> bool {
        self.option == bindings::TCP_TIMESTAMP as i32
    }

    /// Returns the socket's network namespace.
    #[inline]
    pub(crate) fn net(self) -> Net<'call> {
        // SAFETY: The caller holds the socket during the call, and the socket holds its namespace.
        unsafe { net(self.sk.cast()) }
    }

    /// Returns the socket's address, for comparison. Never shown to users.
    #[inline]
    pub(crate) fn socket(self) -> usize {
        self.sk as usize
    }

    /// Returns the socket's cookie.
    pub(crate) fn gen_cookie(self) -> u64 {
        // SAFETY: The caller holds the socket during the call.
        unsafe { gen_cookie(self.sk.cast()) }
    }

    /// Returns `tp->tsoffset`, by a marked load like that of the call itself. A concurrent plain store races with
    /// both loads.
    #[inline]
    pub(crate) fn tsoffset(self) -> u32 {
        // SAFETY: The caller holds the socket during the call.
        unsafe { read_once(&raw const (*self.sk).tsoffset) }
    }
}

// SAFETY: The first argument is a `struct sock` of TCP, held by the caller during the call. The third is a number.
probe_target!(
    unsafe DoTcpGetsockopt = c"do_tcp_getsockopt": for<'call> Sockopt<'call> => usize,
    |regs| Sockopt::from_regs(regs)
);

// SAFETY: As above: both functions begin with the same arguments.
probe_target!(
    unsafe DoTcpSetsockopt = c"do_tcp_setsockopt": for<'call> Sockopt<'call> => usize,
    |regs| Sockopt::from_regs(regs)
);
