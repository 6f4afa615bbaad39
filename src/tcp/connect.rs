// SPDX-License-Identifier: GPL-2.0

//! The functions that connect a TCP socket.
//!
//! C sources: [`net/ipv6/tcp_ipv6.c`](srctree/net/ipv6/tcp_ipv6.c),
//! [`net/ipv4/tcp_ipv4.c`](srctree/net/ipv4/tcp_ipv4.c)

use super::{
    socket::Socket,
    tuple::{
        Address,
        Tuple, //
    }, //
};
use crate::{
    abstractions::probe_target::{
        probe_target,
        PtRegs, //
    },
    bindings, //
};

/// `int tcp_v6_connect(struct sock *sk, struct sockaddr *uaddr, int addr_len)`; returns 0 or a negative errno.
///
/// It may sleep. Its caller is a task that holds the socket lock.
pub(crate) struct TcpV6Connect;

/// `int tcp_v4_connect(struct sock *sk, struct sockaddr *uaddr, int addr_len)`; returns 0 or a negative errno.
///
/// It may sleep. Its caller is a task that holds the socket lock, or `tcp_v6_connect()` for a v4-mapped destination.
pub(crate) struct TcpV4Connect;

/// One call.
#[derive(Clone, Copy)]
pub(crate) struct ConnectArgs<'call> {
    /// The connecting socket.
    pub(crate) socket: Socket<'call>,
    // The caller's copy in kernel memory, valid for the call.
    address: *const u8,
    length: i32,
}

/// Length of an address that `tcp_v6_connect()` accepts: `SIN6_LEN_RFC2133`, without the scope.
const LENGTH: i32 = core::mem::offset_of!(bindings::sockaddr_in6, sin6_scope_id) as i32;

/// Length of an address that `tcp_v4_connect()` accepts.
const LENGTH_V4: i32 = size_of::<bindings::sockaddr_in>() as i32;

impl ConnectArgs<'_> {
    /// # Safety
    ///
    /// `regs` are those at the entry of a call of either function, which lasts as long as the value.
    #[inline(always)]
    unsafe fn from_regs(regs: &PtRegs) -> Self {
        Self {
            // SAFETY: At entry the first argument is the socket, locked and live for the call.
            socket: unsafe { Socket::from_raw(regs.argument(0) as *const _) },
            address: regs.argument(1) as *const _,
            length: regs.argument(2) as i32,
        }
    }

    /// Returns the socket's source and the call's destination, for a socket of IPv4. Returns the socket's destination
    /// if the call has no IPv4 address.
    #[inline(always)]
    pub(crate) fn requested_v4(self) -> Tuple {
        // SAFETY: `from_regs` took both from one call. The call's caller keeps `length` bytes of kernel memory there until
        // the return, and no user writes these bytes.
        unsafe { requested_v4(self.socket, self.address, self.length) }
    }

    /// Returns the socket's source and the call's destination: a failing call resets the destination in the socket.
    /// Returns the socket's destination if the call has no IPv6 address.
    #[inline(always)]
    pub(crate) fn requested(self) -> Tuple {
        // SAFETY: `from_regs` took both from one call. The call's caller keeps `length` bytes of kernel memory there until
        // the return, and no user writes these bytes.
        unsafe { requested(self.socket, self.address, self.length) }
    }
}

// The two functions take the fields of `ConnectArgs`. A method would take the address of a `ConnectArgs`, and the common
// path would copy that `ConnectArgs` to the stack.

/// See [`ConnectArgs::requested_v4`].
///
/// # Safety
///
/// `address` points to `length` bytes of kernel memory, which no user writes.
#[cold]
#[inline(never)]
unsafe fn requested_v4(socket: Socket<'_>, address: *const u8, length: i32) -> Tuple {
    if length < LENGTH_V4 {
        return socket.tuple_v4();
    }
    let address = address.cast::<bindings::sockaddr_in>();
    // SAFETY: The caller guarantees that many bytes.
    let (family, port, address) = unsafe {
        (
            (&raw const (*address).sin_family).read_unaligned(),
            (&raw const (*address).sin_port).read_unaligned(),
            (&raw const (*address).sin_addr.s_addr).read_unaligned(),
        )
    };
    if u32::from(family) != bindings::AF_INET {
        return socket.tuple_v4();
    }
    socket.tuple_v4_to(address, port)
}

/// See [`ConnectArgs::requested`].
///
/// # Safety
///
/// As for [`requested_v4`].
#[cold]
#[inline(never)]
unsafe fn requested(socket: Socket<'_>, address: *const u8, length: i32) -> Tuple {
    if length < LENGTH {
        return socket.tuple();
    }
    let address = address.cast::<bindings::sockaddr_in6>();
    // SAFETY: The caller guarantees that many bytes.
    let (family, port, address) = unsafe {
        (
            (&raw const (*address).sin6_family).read_unaligned(),
            (&raw const (*address).sin6_port).read_unaligned(),
            (&raw const (*address).sin6_addr)
                .cast::<Address>()
                .read_unaligned(),
        )
    };
    if u32::from(family) != bindings::AF_INET6 {
        return socket.tuple();
    }
    socket.tuple_to(address, port)
}

// SAFETY: The first argument is a `struct sock` of TCP, and the second points to an address. The caller holds both during
// the call. The third argument is a number.
probe_target!(
    unsafe TcpV6Connect = c"tcp_v6_connect": for<'call> ConnectArgs<'call> => usize,
    |regs| {
        // SAFETY: These are the registers at the entry of the call.
        unsafe { ConnectArgs::from_regs(regs) }
    }
);

// SAFETY: As above: both functions have the same prototype.
probe_target!(
    unsafe TcpV4Connect = c"tcp_v4_connect": for<'call> ConnectArgs<'call> => usize,
    |regs| {
        // SAFETY: These are the registers at the entry of the call.
        unsafe { ConnectArgs::from_regs(regs) }
    }
);

#[cfg(tsoffset_kunit)]
#[kernel::prelude::kunit_tests(tsoffset_connect)]
mod tests {
    use super::*;
    use crate::{
        abstractions::{
            compat::prelude::*,
            hook::Handler,
            kretprobe::Registration,
            marked::SharedCounter,
            preempt::PreemptDisabled, //
        },
        tcp::kernel_socket::KernelSocket,
    };

    static CALLED: SharedCounter = SharedCounter::new();
    static ENTERED: SharedCounter = SharedCounter::new();
    static RIGHT: SharedCounter = SharedCounter::new();
    static LET_GO: SharedCounter = SharedCounter::new();
    static REFUSE: SharedCounter = SharedCounter::new();

    /// Follows the calls of the socket with this address while `LET_GO` is 0.
    struct Follow(usize);

    impl Handler for Follow {
        type Target = TcpV6Connect;
        type Data = u64;

        fn filter(&self, call: ConnectArgs<'_>) -> bool {
            call.socket.address() == self.0 && LET_GO.load_acquire() == 0
        }

        fn on_entry(&self, _preempt: PreemptDisabled<'_>, _call: ConnectArgs<'_>) -> Option<u64> {
            ENTERED.increment();
            (REFUSE.load_acquire() == 0).then_some(0x5eed)
        }

        fn on_hit(&self, _preempt: PreemptDisabled<'_>, _call: ConnectArgs<'_>) {
            CALLED.increment();
            // Lets later calls go if this call was not entered before.
            if ENTERED.load_acquire() != CALLED.load_acquire() {
                LET_GO.increment();
            }
        }

        fn on_return(
            &self,
            _preempt: PreemptDisabled<'_>,
            call: ConnectArgs<'_>,
            data: &u64,
            value: usize,
        ) {
            if call.socket.address() == self.0
                && *data == 0x5eed
                && value as i32 == EINVAL.to_errno()
            {
                RIGHT.increment();
            }
        }
    }

    #[test]
    fn return_gets_what_entry_kept() -> Result {
        let seen = || [&ENTERED, &CALLED, &RIGHT].map(SharedCounter::load_acquire);
        let socket = KernelSocket::tcp6()?;
        let follow = Follow(socket.address());
        let probe = KBox::pin_init(Registration::new(follow, 4), GFP_KERNEL)?;
        let _ = socket.connect_refused();
        assert_eq!(seen(), [1, 1, 1]);
        let _ = socket.connect_refused();
        assert_eq!(seen(), [2, 2, 2]);
        // More calls than instances: the kernel frees the instance of each rejected call.
        REFUSE.increment();
        for call in 3..=10 {
            let _ = socket.connect_refused();
            assert_eq!(seen(), [call, call, 2]);
        }
        REFUSE.decrement();
        let _ = socket.connect_refused();
        assert_eq!(seen(), [11, 11, 3]);
        LET_GO.increment();
        let _ = socket.connect_refused();
        assert_eq!(seen(), [11, 11, 3]);

        drop(probe);
        let _ = socket.connect_refused();
        assert_eq!(seen(), [11, 11, 3]);
        Ok(())
    }
}
