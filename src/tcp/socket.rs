// SPDX-License-Identifier: GPL-2.0

//! A TCP socket while somebody has its lock, such as inside `tcp_v6_connect()`.
//!
//! C headers: [`include/linux/tcp.h`](srctree/include/linux/tcp.h),
//! [`include/net/inet_sock.h`](srctree/include/net/inet_sock.h),
//! [`include/linux/ipv6.h`](srctree/include/linux/ipv6.h)

use core::marker::PhantomData;

use crate::{
    abstractions::{
        marked::read_once,
        net::Net, //
    },
    bindings, //
};

/// A TCP socket over IPv6, locked for the time of a call: by the task that connects it, or in a softirq.
///
/// # Invariants
///
/// `sk` is live and locked for `'call`, by the task or the softirq that this is, and is the start of a `struct tcp_sock`
/// with IPv6 state.
#[derive(Clone, Copy)]
pub(crate) struct Socket<'call> {
    sk: *const bindings::tcp_sock,
    _locked: PhantomData<&'call bindings::tcp_sock>,
}

/// What a connection is hashed by. Addresses and ports in network byte order, as the kernel keeps
/// them.
pub(crate) enum Tuple {
    /// TCP over IPv6.
    V6 {
        /// Source address.
        source: [u32; 4],
        /// Destination address.
        destination: [u32; 4],
        /// Source port.
        source_port: u16,
        /// Destination port.
        destination_port: u16,
    },
    /// An IPv6 socket connected to a v4-mapped destination: TCP over IPv4.
    V4 {
        /// Source address.
        source: u32,
        /// Destination address.
        destination: u32,
        /// Source port.
        source_port: u16,
        /// Destination port.
        destination_port: u16,
    },
}

impl Tuple {
    /// One of each family, of unspecified addresses and ports.
    pub(crate) const UNSPECIFIED: [Self; 2] = [
        Self::V6 {
            source: [0; 4],
            destination: [0; 4],
            source_port: 0,
            destination_port: 0,
        },
        Self::V4 {
            source: 0,
            destination: 0,
            source_port: 0,
            destination_port: 0,
        },
    ];

    /// Source and destination address in network byte order, v4-mapped where it is TCP over IPv4; source
    /// and destination port in host byte order.
    #[inline]
    pub(crate) fn ends(&self) -> ([u8; 16], [u8; 16], u16, u16) {
        match *self {
            Self::V6 {
                source,
                destination,
                source_port,
                destination_port,
            } => (
                bytes(source),
                bytes(destination),
                u16::from_be(source_port),
                u16::from_be(destination_port),
            ),
            Self::V4 {
                source,
                destination,
                source_port,
                destination_port,
            } => (
                bytes(mapped(source)),
                bytes(mapped(destination)),
                u16::from_be(source_port),
                u16::from_be(destination_port),
            ),
        }
    }

    /// Whether the destination is v4-mapped.
    #[inline]
    pub(crate) fn is_v4_mapped(&self) -> bool {
        matches!(self, Self::V4 { .. })
    }
}

impl<'call> Socket<'call> {
    /// # Safety
    ///
    /// `sk` is a live `struct tcp_sock` of an IPv6 socket, locked for `'call` by who runs this.
    pub(super) unsafe fn from_raw(sk: *const bindings::tcp_sock) -> Self {
        // INVARIANT: As the caller promises.
        Self {
            sk,
            _locked: PhantomData,
        }
    }

    /// Its address, to recognize it by. Never shown.
    #[inline]
    pub(crate) fn address(self) -> usize {
        self.sk as usize
    }

    /// Its network namespace.
    #[inline]
    pub(crate) fn net(self) -> Net<'call> {
        // SAFETY: The socket is live and holds its namespace.
        unsafe { net(self.sk.cast()) }
    }

    /// `tp->tsoffset`: what is added to the clock to make the timestamps it sends, in their unit and
    /// in host byte order. `READ_ONCE`, as `setsockopt(TCP_TIMESTAMP)` and connect may write it.
    #[inline]
    pub(crate) fn tsoffset(self) -> u32 {
        // SAFETY: The socket is live.
        unsafe { read_once(&raw const (*self.sk).tsoffset) }
    }

    /// Whether it is in TCP_REPAIR mode. The bit changes under the socket lock only.
    #[inline]
    pub(crate) fn in_repair(self) -> bool {
        // SAFETY: The socket is live and locked.
        unsafe { bindings::tcp_sock::repair_raw(self.sk) != 0 }
    }

    /// Whether a process, or a part of the kernel, has it. Nobody has one that a listener made before it is accepted; one that connects has
    /// always somebody.
    #[inline]
    pub(crate) fn has_owner(self) -> bool {
        let sock = self.sk.cast::<bindings::sock>();
        // SAFETY: A `tcp_sock` begins with a `sock`, which is live. The pointer is aligned, is read as a number, and is written by marked
        // stores.
        let owner: usize = unsafe { read_once((&raw const (*sock).sk_socket).cast()) };
        owner != 0
    }

    /// What `SO_COOKIE` gives: never 0, and of no other socket since boot. Made at the first question.
    #[inline]
    pub(crate) fn cookie(self) -> u64 {
        // SAFETY: The socket is live.
        unsafe { cookie(self.sk.cast()) }
    }

    /// The same, where somebody has asked before: a load, and no call.
    #[inline]
    pub(crate) fn made_cookie(self) -> Option<u64> {
        let sock = self.sk.cast::<bindings::sock>();
        // SAFETY: The socket is live. The cookie is set once, atomically.
        let cookie =
            unsafe { read_once((&raw const (*sock).__sk_common.skc_cookie.counter).cast()) };
        (cookie != 0).then_some(cookie)
    }

    /// Whether its connect sends data (TCP Fast Open), or waits for some to send.
    #[inline]
    pub(crate) fn is_fast_open(self) -> bool {
        let inet = self.sk.cast::<bindings::inet_sock>();
        // SAFETY: The socket is live and locked; bits beside this one are set without the lock, atomically.
        unsafe {
            !(*self.sk).fastopen_req.is_null()
                || read_once(&raw const (*inet).inet_flags)
                    & (1 << bindings::INET_FLAGS_DEFER_CONNECT)
                    != 0
        }
    }

    /// Whether it is a subflow of an MPTCP connection.
    #[inline]
    pub(crate) fn is_mptcp(self) -> bool {
        #[cfg(CONFIG_MPTCP)]
        // SAFETY: The socket is live and locked.
        unsafe {
            (*self.sk).is_mptcp
        }
        #[cfg(not(CONFIG_MPTCP))]
        false
    }

    /// The cookie of the MPTCP socket whose subflow it is; 0 where that is not known.
    ///
    /// A connection's first subflow has the application's `struct socket` (`__mptcp_nmpc_socket()`, net/mptcp/protocol.c). Another one
    /// has it when it has connected (`__mptcp_subflow_connect()`, net/mptcp/subflow.c); until then its socket is its own.
    #[cold]
    #[inline(never)]
    pub(crate) fn parent_cookie(self) -> u64 {
        // SAFETY: A `tcp_sock` begins with a `sock`, which is live and locked. The `struct socket` lives for as long as the call: whoever
        // connects a subflow has the lock of the socket that owns it.
        unsafe {
            let socket = (&raw const (*self.sk.cast::<bindings::sock>()).sk_socket).read_volatile();
            if socket.is_null() {
                return 0;
            }
            let parent = (&raw const (*socket).sk).read_volatile();
            if parent.is_null() || parent.cast_const().cast() == self.sk {
                return 0;
            }
            cookie(parent.cast_const().cast())
        }
    }

    /// Addresses and ports, as connect left them.
    #[inline]
    pub(crate) fn tuple(self) -> Tuple {
        let inet = self.sk.cast::<bindings::inet_sock>();
        // SAFETY: A `tcp_sock` begins with an `inet_sock`, which is live.
        let source_port = unsafe { read_once(&raw const (*inet).inet_sport) };
        // SAFETY: An `inet_sock` has that field, in a union of C without names, at the offset that the C compiler gives; the socket is live.
        let destination_port = unsafe {
            read_once(
                inet.byte_add(bindings::layout::INET_SOCK_DPORT)
                    .cast::<u16>(),
            )
        };
        // SAFETY: The live `inet_sock` begins with a `sock`, of which this is an address.
        let destination = unsafe { address(&raw const (*inet).sk.__sk_common.skc_v6_daddr) };
        self.with_destination(source_port, destination, destination_port)
    }

    /// The same with another destination, in network byte order.
    pub(super) fn tuple_to(self, destination: [u32; 4], destination_port: u16) -> Tuple {
        let inet = self.sk.cast::<bindings::inet_sock>();
        // SAFETY: A `tcp_sock` begins with an `inet_sock`, which is live.
        let source_port = unsafe { read_once(&raw const (*inet).inet_sport) };
        self.with_destination(source_port, destination, destination_port)
    }

    #[inline(always)]
    fn with_destination(
        self,
        source_port: u16,
        destination: [u32; 4],
        destination_port: u16,
    ) -> Tuple {
        let inet = self.sk.cast::<bindings::inet_sock>();
        if destination[..2] == [0, 0] && destination[2] == MAPPED {
            return Tuple::V4 {
                // SAFETY: A `tcp_sock` begins with an `inet_sock`, which is live.
                source: unsafe { read_once(&raw const (*inet).inet_saddr) },
                destination: destination[3],
                source_port,
                destination_port,
            };
        }

        // SAFETY: The socket is live, and an IPv6 one, so that it has this: `inet6_sk()`.
        let source = unsafe { address(&raw const (*(*inet).pinet6).saddr) };
        Tuple::V6 {
            source,
            destination,
            source_port,
            destination_port,
        }
    }
}

/// A socket's network namespace: `sock_net()`.
///
/// # Safety
///
/// The socket is live for `'a`.
#[inline]
pub(super) unsafe fn net<'a>(sk: *const bindings::sock) -> Net<'a> {
    #[cfg(CONFIG_NET_NS)]
    // SAFETY: The caller promises a live socket, which holds its namespace.
    unsafe {
        Net::from_raw((*sk).__sk_common.skc_net.net.cast())
    }
    // Without, all are in the one there is.
    #[cfg(not(CONFIG_NET_NS))]
    {
        let _ = sk;
        Net::initial()
    }
}

/// A socket's cookie: see [`Socket::cookie`].
///
/// # Safety
///
/// `sk` is live.
pub(super) unsafe fn cookie(sk: *const bindings::sock) -> u64 {
    let mut halves = [0_u32; 2];
    // SAFETY: The caller says that the socket is live, and there is room for two words. The kernel sets the cookie atomically.
    unsafe { bindings::sock_diag_save_cookie(sk.cast_mut().cast(), halves.as_mut_ptr()) };
    (u64::from(halves[1]) << 32) | u64::from(halves[0])
}

/// ::ffff:0:0/96, as the words of an address.
const MAPPED: u32 = 0xffff_u32.to_be();

/// An IPv4 address as an IPv6 one.
fn mapped(address: u32) -> [u32; 4] {
    [0, 0, MAPPED, address]
}

/// The bytes of an address whose words are in network byte order.
fn bytes(words: [u32; 4]) -> [u8; 16] {
    let mut bytes = [0; 16];
    for (to, from) in bytes.chunks_exact_mut(4).zip(words) {
        to.copy_from_slice(&from.to_ne_bytes());
    }
    bytes
}

/// The four words of an address, in network byte order.
///
/// # Safety
///
/// `p` points to a live `struct in6_addr`.
#[inline]
unsafe fn address(p: *const bindings::in6_addr) -> [u32; 4] {
    let words = p.cast::<u32>();
    // SAFETY: An address is four aligned 32-bit words, live by the caller's promise.
    core::array::from_fn(|i| unsafe { read_once(words.add(i)) })
}
