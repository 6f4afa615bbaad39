// SPDX-License-Identifier: GPL-2.0

//! A TCP socket with its lock held, for example inside `tcp_v6_connect()`.
//!
//! C headers: [`include/linux/tcp.h`](srctree/include/linux/tcp.h),
//! [`include/net/inet_sock.h`](srctree/include/net/inet_sock.h),
//! [`include/linux/ipv6.h`](srctree/include/linux/ipv6.h)

use core::{
    marker::PhantomData,
    mem::offset_of, //
};

#[cfg(CONFIG_SOCK_CGROUP_DATA)]
use crate::abstractions::cgroup;
use crate::{
    abstractions::{
        marked::read_once,
        net::Net, //
    },
    bindings,
    model::records::family::Family, //
};

/// A TCP socket, locked during a call: by the connecting task, or by a softirq.
///
/// # Invariants
///
/// `sk` is live, and the current task or softirq holds its lock for `'call`. It is the start of a `struct tcp_sock`.
/// Unless its family is AF_INET, it has IPv6 state.
#[derive(Clone, Copy)]
pub(crate) struct Socket<'call> {
    sk: *const bindings::tcp_sock,
    _locked: PhantomData<&'call bindings::tcp_sock>,
}

/// An IPv6 address as two words of its bytes in memory. A handler loads, compares and stores two words instead of four.
pub(super) type Address = [u64; 2];

/// The hash input of a connection. Addresses and ports are in network byte order, as in the kernel.
pub(crate) struct Tuple {
    /// Source address; v4-mapped for TCP over IPv4.
    source: Address,
    /// Destination address; v4-mapped for TCP over IPv4.
    destination: Address,
    source_port: u16,
    destination_port: u16,
    /// An IPv6 socket connected to a v4-mapped destination: TCP over IPv4.
    v4_mapped: bool,
}

/// The hash input of a connection by its family, in network byte order.
pub(super) enum Input<'a> {
    /// TCP over IPv6: source and destination.
    V6(&'a Address, &'a Address),
    /// TCP over IPv4: source and destination.
    V4(u32, u32),
}

impl Tuple {
    /// One tuple of each family, with unspecified addresses and ports.
    pub(crate) const UNSPECIFIED: [Self; 2] = [Self::unspecified(false), Self::unspecified(true)];

    const fn unspecified(v4_mapped: bool) -> Self {
        let address = if v4_mapped { mapped(0) } else { [0; 2] };
        Self {
            source: address,
            destination: address,
            source_port: 0,
            destination_port: 0,
            v4_mapped,
        }
    }

    /// Returns source address, destination address, source port and destination port. Addresses are in network byte
    /// order, v4-mapped for TCP over IPv4. Ports are in host byte order.
    #[inline]
    pub(crate) fn ends(&self) -> ([u8; 16], [u8; 16], u16, u16) {
        (
            bytes(self.source),
            bytes(self.destination),
            u16::from_be(self.source_port),
            u16::from_be(self.destination_port),
        )
    }

    /// Returns the addresses that the kernel hashes.
    #[inline]
    pub(super) fn hashed_addresses(&self) -> Input<'_> {
        if self.v4_mapped {
            Input::V4(last(self.source), last(self.destination))
        } else {
            Input::V6(&self.source, &self.destination)
        }
    }

    /// Returns source port and destination port, in network byte order.
    #[inline]
    pub(super) fn ports(&self) -> (u16, u16) {
        (self.source_port, self.destination_port)
    }

    /// Returns whether the destination is v4-mapped.
    #[inline]
    pub(crate) fn is_v4_mapped(&self) -> bool {
        self.v4_mapped
    }
}

impl<'call> Socket<'call> {
    /// # Safety
    ///
    /// `sk` is a live `struct tcp_sock` of an IPv6 or an IPv4 socket, and the caller holds its lock for `'call`.
    pub(super) unsafe fn from_raw(sk: *const bindings::tcp_sock) -> Self {
        // INVARIANT: The caller guarantees it.
        Self {
            sk,
            _locked: PhantomData,
        }
    }

    /// Returns the socket's address, for comparison. Never shown to users.
    #[inline]
    pub(crate) fn address(self) -> usize {
        self.sk as usize
    }

    /// Returns the socket's network namespace.
    #[inline]
    pub(crate) fn net(self) -> Net<'call> {
        // SAFETY: The socket is live and holds its namespace.
        unsafe { net(self.sk.cast()) }
    }

    /// Returns `tp->tsoffset`, which the kernel adds to the clock for the timestamps that it sends. It has their unit
    /// and host byte order. `READ_ONCE`, as `setsockopt(TCP_TIMESTAMP)` and connect may write it.
    #[inline]
    pub(crate) fn tsoffset(self) -> u32 {
        // SAFETY: The socket is live.
        unsafe { read_once(&raw const (*self.sk).tsoffset) }
    }

    /// Returns whether the socket is in TCP_REPAIR mode. The bit changes under the socket lock only.
    #[inline]
    pub(crate) fn in_repair(self) -> bool {
        // SAFETY: The socket is live and locked.
        unsafe { bindings::tcp_sock::repair_raw(self.sk) != 0 }
    }

    /// Returns whether a process or a part of the kernel owns the socket. A socket that a listener created has no
    /// owner before its accept. A connecting socket always has an owner.
    #[inline]
    pub(crate) fn is_grafted(self) -> bool {
        let sock = self.sk.cast::<bindings::sock>();
        // SAFETY: A `tcp_sock` begins with a `sock`, which is live. The pointer is aligned and is read as a number.
        // The kernel writes it with marked stores.
        let owner: usize = unsafe { read_once((&raw const (*sock).sk_socket).cast()) };
        owner != 0
    }

    /// Returns whether a call of connect has not yet returned on this socket. The owner's `struct socket` is
    /// unconnected until then (`__inet_stream_connect()`, net/ipv4/af_inet.c). Interrupts are off.
    pub(crate) fn is_in_connect(self) -> bool {
        // SAFETY: A `tcp_sock` begins with a `sock`, which is live and locked. MPTCP takes the `struct socket` of a later
        // subflow away without the lock, and frees it. sockfs frees by RCU (`sockfs_ops`, net/socket.c), and interrupts
        // are off here, so the memory stays. The state is a word, which another lock may guard.
        unsafe {
            let socket = (&raw const (*self.sk.cast::<bindings::sock>()).sk_socket).read_volatile();
            !socket.is_null()
                && (&raw const (*socket).state).read_volatile()
                    == bindings::socket_state_SS_UNCONNECTED
        }
    }

    /// Returns the cookie as in `SO_COOKIE`: never 0, and unique since boot. The first call creates it.
    #[inline]
    pub(crate) fn gen_cookie(self) -> u64 {
        // SAFETY: The socket is live.
        unsafe { gen_cookie(self.sk.cast()) }
    }

    /// Returns the cookie if it was created before: a load, and no call.
    #[inline]
    pub(crate) fn cookie(self) -> Option<u64> {
        let sock = self.sk.cast::<bindings::sock>();
        // SAFETY: The socket is live. The cookie is set once, atomically.
        let cookie =
            unsafe { read_once((&raw const (*sock).__sk_common.skc_cookie.counter).cast()) };
        (cookie != 0).then_some(cookie)
    }

    /// Returns the ID of the socket's cgroup in the default hierarchy: that of the task that created the socket, or
    /// of the listener. 0 if the kernel keeps none (CONFIG_SOCK_CGROUP_DATA).
    #[inline]
    pub(crate) fn cgroup(self) -> u64 {
        #[cfg(CONFIG_SOCK_CGROUP_DATA)]
        // SAFETY: The socket is live and holds its cgroup. The C compiler reports where the pointer is.
        unsafe {
            let cgroup = cgroup::pointer(self.sk.cast(), bindings::layout::SOCK_CGROUP);
            if cgroup.is_null() {
                0
            } else {
                cgroup::id(cgroup)
            }
        }
        #[cfg(not(CONFIG_SOCK_CGROUP_DATA))]
        0
    }

    /// Returns the time from the answer to the SYN to the acknowledgement of that answer, in nanoseconds, at the
    /// establishment of an accepted connection. `None` if the kernel has not measured it, as with a SYN cookie.
    ///
    /// Without retransmissions, the only sample of the round trip is that of the answer, in microseconds
    /// (`tcp_synack_rtt_meas()`, net/ipv4/tcp_input.c). With them, the kernel has the whole time in milliseconds
    /// (`tcp_create_openreq_child()`, net/ipv4/tcp_minisocks.c).
    pub(crate) fn synack_ns(self) -> Option<u64> {
        // SAFETY: The socket is live and locked.
        let (rtt, timeouts, time) = unsafe {
            (
                read_once(&raw const (*self.sk).srtt_us),
                read_once(&raw const (*self.sk).total_rto),
                read_once(&raw const (*self.sk).total_rto_time),
            )
        };
        if timeouts != 0 {
            return Some(u64::from(time) * 1_000_000);
        }
        // The kernel keeps eight times the average.
        (rtt != 0).then_some(u64::from(rtt / 8) * 1_000)
    }

    /// Returns whether the connect sends data (TCP Fast Open) or is deferred until there is data.
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

    /// Returns whether the socket has sent nothing since its creation or its last disconnect. `__tcp_transmit_skb()`
    /// counts a segment before it sends the segment, and `tcp_disconnect()` clears the count (net/ipv4/).
    pub(crate) fn has_sent_nothing(self) -> bool {
        // SAFETY: The socket is live and locked.
        unsafe { read_once(&raw const (*self.sk).segs_out) == 0 }
    }

    /// Returns the user that created the socket, by its ID in the initial user namespace.
    pub(crate) fn uid(self) -> u32 {
        let sock = self.sk.cast::<bindings::sock>();
        // SAFETY: A `tcp_sock` begins with a `sock`, which is live. `fchown()` of the socket may write the ID.
        unsafe { read_once(&raw const (*sock).sk_uid.val) }
    }

    /// Returns the user that created the application's socket, by its ID in the initial user namespace, while a kernel
    /// thread connects this one for it. A later subflow of MPTCP gets the inode's user before its connect
    /// (`mptcp_subflow_create_socket()`, net/mptcp/subflow.c), and `sk_uid` after it.
    ///
    /// Call it in connect only.
    #[cold]
    #[inline(never)]
    pub(crate) fn user_of_inode(self) -> u32 {
        let sock = self.sk.cast::<bindings::sock>();
        // SAFETY: A `tcp_sock` begins with a `sock`, which is live. The task that connects it holds its `struct socket`,
        // which is a part of a `struct socket_alloc` and lies `SOCKET_INODE_UID` before the inode's user.
        unsafe {
            let socket = (&raw const (*sock).sk_socket).read_volatile();
            if socket.is_null() {
                return self.uid();
            }
            let uid = socket
                .cast_const()
                .cast::<u8>()
                .add(bindings::layout::SOCKET_INODE_UID)
                .cast();
            read_once(uid)
        }
    }

    /// Returns whether the socket is a subflow of an MPTCP connection.
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

    /// Returns the cookie of the MPTCP socket to which the subflow belongs; 0 if unknown or no subflow.
    #[inline]
    pub(crate) fn parent(self) -> u64 {
        if self.is_mptcp() {
            self.parent_cookie()
        } else {
            0
        }
    }

    /// Returns the cookie of the MPTCP socket to which the subflow belongs; 0 if unknown.
    ///
    /// The first subflow of a connection has the application's `struct socket` (`__mptcp_nmpc_socket()`,
    /// net/mptcp/protocol.c). A later subflow gets it after its connect (`__mptcp_subflow_connect()`,
    /// net/mptcp/subflow.c). Until then it has a `struct socket` of its own.
    #[cold]
    #[inline(never)]
    fn parent_cookie(self) -> u64 {
        // SAFETY: A `tcp_sock` begins with a `sock`, which is live and locked. The `struct socket` lives during the
        // call: the task that connects a subflow holds the lock of the owning socket.
        unsafe {
            let socket = (&raw const (*self.sk.cast::<bindings::sock>()).sk_socket).read_volatile();
            if socket.is_null() {
                return 0;
            }
            let parent = (&raw const (*socket).sk).read_volatile();
            if parent.is_null() || parent.cast_const().cast() == self.sk {
                return 0;
            }
            gen_cookie(parent.cast_const().cast())
        }
    }

    /// Returns whether the socket is one of IPv4: created as one, or turned into one by `setsockopt(IPV6_ADDRFORM)`.
    /// Changes under the socket lock only.
    #[inline]
    pub(crate) fn is_ipv4(self) -> bool {
        // SAFETY: A `tcp_sock` begins with a `sock`, which is live.
        u32::from(unsafe { family(self.sk.cast()) }) == bindings::AF_INET
    }

    /// Returns the family of the connection.
    pub(crate) fn family(self, tuple: &Tuple) -> Family {
        if self.is_ipv4() {
            Family::V4
        } else if tuple.is_v4_mapped() {
            Family::V4Mapped
        } else {
            Family::V6
        }
    }

    /// Returns addresses and ports, as connect left them, of a socket of either family.
    pub(crate) fn tuple_of_any(self) -> Tuple {
        if self.is_ipv4() {
            self.tuple_v4()
        } else {
            self.tuple()
        }
    }

    /// Returns addresses and ports, as connect left them, of a socket of IPv4.
    #[inline]
    pub(crate) fn tuple_v4(self) -> Tuple {
        let inet = self.sk.cast::<bindings::inet_sock>();
        // SAFETY: An `inet_sock` has these fields in anonymous unions of C, at the offsets that the C compiler
        // reports. The socket is live.
        let (destination, port) = unsafe {
            (
                read_once(
                    inet.byte_add(bindings::layout::INET_SOCK_DADDR)
                        .cast::<u32>(),
                ),
                read_once(
                    inet.byte_add(bindings::layout::INET_SOCK_DPORT)
                        .cast::<u16>(),
                ),
            )
        };
        self.tuple_v4_to(destination, port)
    }

    /// Returns the tuple of a socket of IPv4 with another destination, in network byte order.
    #[inline]
    pub(super) fn tuple_v4_to(self, destination: u32, destination_port: u16) -> Tuple {
        let inet = self.sk.cast::<bindings::inet_sock>();
        // SAFETY: A `tcp_sock` begins with an `inet_sock`, which is live.
        let (source, source_port) = unsafe {
            (
                read_once(&raw const (*inet).inet_saddr),
                read_once(&raw const (*inet).inet_sport),
            )
        };
        Tuple {
            source: mapped(source),
            destination: mapped(destination),
            source_port,
            destination_port,
            v4_mapped: true,
        }
    }

    /// Returns addresses and ports, as connect left them, of a socket of IPv6.
    #[inline]
    pub(crate) fn tuple(self) -> Tuple {
        let inet = self.sk.cast::<bindings::inet_sock>();
        // SAFETY: A `tcp_sock` begins with an `inet_sock`, which is live.
        let source_port = unsafe { read_once(&raw const (*inet).inet_sport) };
        // SAFETY: An `inet_sock` has that field in an anonymous union of C, at the offset that the C compiler
        // reports. The socket is live.
        let destination_port = unsafe {
            read_once(
                inet.byte_add(bindings::layout::INET_SOCK_DPORT)
                    .cast::<u16>(),
            )
        };
        // SAFETY: The live `inet_sock` begins with a `sock`, and this is an address in it, aligned as asserted below.
        let destination = unsafe { address(&raw const (*inet).sk.__sk_common.skc_v6_daddr) };
        self.with_destination(source_port, destination, destination_port)
    }

    /// Returns the tuple with another destination, in network byte order.
    pub(super) fn tuple_to(self, destination: Address, destination_port: u16) -> Tuple {
        let inet = self.sk.cast::<bindings::inet_sock>();
        // SAFETY: A `tcp_sock` begins with an `inet_sock`, which is live.
        let source_port = unsafe { read_once(&raw const (*inet).inet_sport) };
        self.with_destination(source_port, destination, destination_port)
    }

    #[inline(always)]
    fn with_destination(
        self,
        source_port: u16,
        destination: Address,
        destination_port: u16,
    ) -> Tuple {
        let inet = self.sk.cast::<bindings::inet_sock>();
        let v4_mapped = is_mapped(destination);
        let source = if v4_mapped {
            // SAFETY: A `tcp_sock` begins with an `inet_sock`, which is live.
            mapped(unsafe { read_once(&raw const (*inet).inet_saddr) })
        } else {
            // SAFETY: The socket is a live IPv6 socket, so it has this pointer: `inet6_sk()`. The address is aligned as
            // asserted below.
            unsafe { address(&raw const (*(*inet).pinet6).saddr) }
        };
        Tuple {
            source,
            destination,
            source_port,
            destination_port,
            v4_mapped,
        }
    }
}

/// Returns whether a socket of TCP was created for IPv6, whatever its family is now.
///
/// # Safety
///
/// The socket is live, and not a request or timewait socket.
#[inline]
pub(super) unsafe fn is_for_ipv6(sk: *const bindings::sock) -> bool {
    // SAFETY: The protocol that created the socket does not change, and lives as long as the socket.
    unsafe { (*(*sk).sk_prot_creator).ipv6_pinfo_offset != 0 }
}

/// Returns a socket's family, such as `AF_INET6`. It changes under the socket lock only, and never of a listener.
///
/// # Safety
///
/// The socket is live.
#[inline]
pub(super) unsafe fn family(sk: *const bindings::sock) -> u16 {
    // SAFETY: The caller guarantees a live socket.
    unsafe { read_once(&raw const (*sk).__sk_common.skc_family) }
}

/// Returns a socket's network namespace: `sock_net()`.
///
/// # Safety
///
/// The socket is live for `'a`.
#[inline]
pub(super) unsafe fn net<'a>(sk: *const bindings::sock) -> Net<'a> {
    #[cfg(CONFIG_NET_NS)]
    // SAFETY: The caller guarantees a live socket, which holds its namespace.
    unsafe {
        Net::from_raw((*sk).__sk_common.skc_net.net.cast())
    }
    // Without CONFIG_NET_NS, only the initial namespace exists.
    #[cfg(not(CONFIG_NET_NS))]
    {
        let _ = sk;
        Net::initial()
    }
}

/// Returns a socket's cookie: see [`Socket::cookie`].
///
/// # Safety
///
/// `sk` is live.
pub(super) unsafe fn gen_cookie(sk: *const bindings::sock) -> u64 {
    let mut halves = [0_u32; 2];
    // SAFETY: The caller guarantees a live socket, and there is room for two words. The kernel sets the cookie
    // atomically.
    unsafe { bindings::sock_diag_save_cookie(sk.cast_mut().cast(), halves.as_mut_ptr()) };
    (u64::from(halves[1]) << 32) | u64::from(halves[0])
}

/// The third 32-bit word of an address in ::ffff:0:0/96, in network byte order.
const MAPPED: u32 = 0xffff_u32.to_be();

/// Returns a word whose bytes in memory are those of `first`, then those of `second`.
const fn word(first: u32, second: u32) -> u64 {
    let ([a, b, c, d], [e, f, g, h]) = (first.to_ne_bytes(), second.to_ne_bytes());
    u64::from_ne_bytes([a, b, c, d, e, f, g, h])
}

/// Returns the v4-mapped address of an IPv4 address.
const fn mapped(address: u32) -> Address {
    [0, word(MAPPED, address)]
}

/// Returns whether an address is v4-mapped.
#[inline(always)]
fn is_mapped(address: Address) -> bool {
    address[0] == 0 && address[1] & word(u32::MAX, 0) == word(MAPPED, 0)
}

/// Returns the last four bytes of an address: the IPv4 address of a v4-mapped one.
#[inline(always)]
fn last(address: Address) -> u32 {
    let [.., e, f, g, h] = address[1].to_ne_bytes();
    u32::from_ne_bytes([e, f, g, h])
}

/// Returns the bytes of an address.
#[inline(always)]
fn bytes(address: Address) -> [u8; 16] {
    let mut bytes = [0; 16];
    for (to, from) in bytes.chunks_exact_mut(8).zip(address) {
        to.copy_from_slice(&from.to_ne_bytes());
    }
    bytes
}

// C promises the alignment of four bytes for an address; these two lie at a word.
const _: () =
    assert!(offset_of!(bindings::sock, __sk_common.skc_v6_daddr) % align_of::<u64>() == 0);
const _: () = assert!(offset_of!(bindings::ipv6_pinfo, saddr) % align_of::<u64>() == 0);
const _: () = assert!(align_of::<bindings::ipv6_pinfo>() % align_of::<u64>() == 0);

/// Returns an address.
///
/// # Safety
///
/// `p` points to a live `struct in6_addr`, with the alignment of a word.
#[inline]
unsafe fn address(p: *const bindings::in6_addr) -> Address {
    let words = p.cast::<u64>();
    // SAFETY: An address is two words, and the caller guarantees that it is live and aligned.
    unsafe { [read_once(words), read_once(words.add(1))] }
}
