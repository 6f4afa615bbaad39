// SPDX-License-Identifier: GPL-2.0

//! The function that connects an IPv6 TCP socket.
//!
//! C source: [`net/ipv6/tcp_ipv6.c`](srctree/net/ipv6/tcp_ipv6.c)

use super::socket::{
    Socket,
    Tuple, //
};
use crate::{
    abstractions::{
        compat::prelude::*,
        probe_target::{
            ProbeTarget,
            PtRegs, //
        }, //
    },
    bindings, //
};

/// `int tcp_v6_connect(struct sock *sk, struct sockaddr *uaddr, int addr_len)`, which returns 0 or a negative errno.
///
/// It may sleep, and runs with the socket locked by the caller, which is always a task.
pub(crate) struct TcpV6Connect;

/// One call.
#[derive(Clone, Copy)]
pub(crate) struct Connecting<'call> {
    /// The socket that connects.
    pub(crate) socket: Socket<'call>,
    // In the kernel's memory, and the caller's for the call.
    address: *const bindings::sockaddr_in6,
    length: i32,
}

/// Bytes of an address that the function takes: `SIN6_LEN_RFC2133`, without the scope.
const LENGTH: i32 = core::mem::offset_of!(bindings::sockaddr_in6, sin6_scope_id) as i32;

impl Connecting<'_> {
    /// The socket's source, and the destination that was asked for: the kernel takes a destination back where the call fails. That of
    /// the socket, where the call had none that is one of IPv6.
    #[cold]
    #[inline(never)]
    pub(crate) fn asked(self) -> Tuple {
        if self.length < LENGTH {
            return self.socket.tuple();
        }
        // SAFETY: The call's caller has that many bytes there until the call has returned, which no user writes.
        let (family, port, address) = unsafe {
            let address = &raw const (*self.address).sin6_addr;
            (
                (&raw const (*self.address).sin6_family).read_unaligned(),
                (&raw const (*self.address).sin6_port).read_unaligned(),
                address.cast::<[u32; 4]>().read_unaligned(),
            )
        };
        if u32::from(family) != bindings::AF_INET6 {
            return self.socket.tuple();
        }
        self.socket.tuple_to(address, port)
    }
}

// SAFETY: The first argument is a `struct sock` of TCP over IPv6, held by the caller during the call, as is what the second points to;
// the third is a number.
unsafe impl ProbeTarget for TcpV6Connect {
    const SYMBOL: &'static CStr = c"tcp_v6_connect";

    type Args<'call> = Connecting<'call>;

    #[inline]
    unsafe fn args<'call>(regs: &PtRegs) -> Connecting<'call> {
        Connecting {
            // SAFETY: At entry the first argument is the socket, locked and live for the call.
            socket: unsafe { Socket::from_raw(regs.argument(0) as *const _) },
            address: regs.argument(1) as *const _,
            length: regs.argument(2) as i32,
        }
    }
}
