// SPDX-License-Identifier: GPL-2.0

//! The function that connects an IPv6 TCP socket.
//!
//! C source: [`net/ipv6/tcp_ipv6.c`](srctree/net/ipv6/tcp_ipv6.c)

use super::socket::{
    Address,
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

/// `int tcp_v6_connect(struct sock *sk, struct sockaddr *uaddr, int addr_len)`; returns 0 or a negative errno.
///
/// It may sleep. Its caller is a task that holds the socket lock.
pub(crate) struct TcpV6Connect;

/// One call.
#[derive(Clone, Copy)]
pub(crate) struct Connecting<'call> {
    /// The connecting socket.
    pub(crate) socket: Socket<'call>,
    // The caller's copy in kernel memory, valid for the call.
    address: *const bindings::sockaddr_in6,
    length: i32,
}

/// Length of an address that the function accepts: `SIN6_LEN_RFC2133`, without the scope.
const LENGTH: i32 = core::mem::offset_of!(bindings::sockaddr_in6, sin6_scope_id) as i32;

impl Connecting<'_> {
    /// Returns the socket's source and the call's destination: a failing call resets the destination in the socket.
    /// Returns the socket's destination if the call has no IPv6 address.
    #[cold]
    #[inline(never)]
    pub(crate) fn requested(self) -> Tuple {
        if self.length < LENGTH {
            return self.socket.tuple();
        }
        // SAFETY: The caller keeps that many bytes there until the call returns, in kernel memory that no user
        // writes.
        let (family, port, address) = unsafe {
            let address = &raw const (*self.address).sin6_addr;
            (
                (&raw const (*self.address).sin6_family).read_unaligned(),
                (&raw const (*self.address).sin6_port).read_unaligned(),
                address.cast::<Address>().read_unaligned(),
            )
        };
        if u32::from(family) != bindings::AF_INET6 {
            return self.socket.tuple();
        }
        self.socket.tuple_to(address, port)
    }
}

// SAFETY: The first argument is a `struct sock` of TCP over IPv6, and the second points to an address. The caller holds both during
// the call. The third argument is a number.
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

#[cfg(tsoffset_kunit)]
#[kernel::prelude::kunit_tests(tsoffset_connect)]
mod tests {
    use super::*;
    use crate::{
        abstractions::{
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

        fn filter(&self, call: Connecting<'_>) -> bool {
            call.socket.address() == self.0 && LET_GO.load_acquire() == 0
        }

        fn on_entry(&self, _preempt: PreemptDisabled<'_>, _call: Connecting<'_>) -> Option<u64> {
            ENTERED.increment();
            (REFUSE.load_acquire() == 0).then_some(0x5eed)
        }

        fn on_hit(&self, _preempt: PreemptDisabled<'_>, _call: Connecting<'_>) {
            CALLED.increment();
            // Lets later calls go if this call was not entered before.
            if ENTERED.load_acquire() != CALLED.load_acquire() {
                LET_GO.increment();
            }
        }

        fn on_return(
            &self,
            _preempt: PreemptDisabled<'_>,
            call: Connecting<'_>,
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
