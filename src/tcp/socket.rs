// SPDX-License-Identifier: GPL-2.0

//! A TCP socket with its lock held, for example inside `tcp_v6_connect()`.
//!
//! C headers: [`include/linux/tcp.h`](srctree/include/linux/tcp.h),
//! [`include/net/inet_sock.h`](srctree/include/net/inet_sock.h),
//! [`include/linux/ipv6.h`](srctree/include/linux/ipv6.h)

use core::{
    marker::PhantomData,
    mem::MaybeUninit, //
};

use crate::{
    abstractions::{
        marked::read_once,
        net::Net, //
    },
    bindings, //
};

/// A TCP socket, locked during a call: by the connecting task, or by a softirq.
///
/// # Invariants
///
/// `sk` is live, and the current task or softirq holds its lock for `'call`. It is the start of a `struct tcp_sock`.
/// Unless its family is AF_INET, it has IPv6 state.
#[derive(Clone, Copy)]
pub(crate) struct Socket<'call> {
    pub(super) sk: *const bindings::tcp_sock,
    _locked: PhantomData<&'call bindings::tcp_sock>,
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

    /// Returns the time from the answer to the SYN to the acknowledgement of that answer, in nanoseconds, at the
    /// establishment of an accepted connection. `None` if the kernel has not measured it, as with a SYN cookie.
    ///
    /// Without retransmissions, the only sample of the round trip is that of the answer, in microseconds
    /// (`tcp_synack_rtt_meas()`, net/ipv4/tcp_input.c). With them, the kernel has the whole time in milliseconds
    /// (`tcp_create_openreq_child()`, net/ipv4/tcp_minisocks.c). With Fast Open, that time begins with the first
    /// retransmission (`tcp_update_rto_stats()`, net/ipv4/tcp_timer.c).
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
            return (time != 0).then_some(u64::from(time) * 1_000_000);
        }
        // The kernel keeps eight times the average.
        (rtt != 0).then_some(u64::from(rtt / 8) * 1_000)
    }

    /// Returns whether the socket has listened, or its listener has with a backlog other than 0. `listen()` sets the
    /// backlog, and `sk_clone()` copies it to the socket of a connection (net/core/sock.c).
    #[inline]
    pub(crate) fn has_backlog(self) -> bool {
        let sock = self.sk.cast::<bindings::sock>();
        // SAFETY: A `tcp_sock` begins with a `sock`, which is live. Only `listen()` writes the backlog, with a marked store.
        unsafe { read_once(&raw const (*sock).sk_max_ack_backlog) != 0 }
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

    /// Returns whether the socket is one of IPv4: created as one, or turned into one by `setsockopt(IPV6_ADDRFORM)`.
    /// Changes under the socket lock only.
    #[inline]
    pub(crate) fn is_ipv4(self) -> bool {
        // SAFETY: A `tcp_sock` begins with a `sock`, which is live.
        u32::from(unsafe { family(self.sk.cast()) }) == bindings::AF_INET
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
    let mut halves = MaybeUninit::<[u32; 2]>::uninit();
    // SAFETY: The caller guarantees a live socket, and there is room for the two words that the kernel writes. The
    // kernel sets the cookie atomically.
    let [low, high] = unsafe {
        bindings::sock_diag_save_cookie(sk.cast_mut().cast(), halves.as_mut_ptr().cast());
        halves.assume_init()
    };
    (u64::from(high) << 32) | u64::from(low)
}
