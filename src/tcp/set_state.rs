// SPDX-License-Identifier: GPL-2.0

//! The tracepoint that is reached when a socket changes its state.
//!
//! C headers: [`include/trace/events/sock.h`](srctree/include/trace/events/sock.h),
//! [`include/net/tcp_states.h`](srctree/include/net/tcp_states.h)

use core::marker::PhantomData;

use super::socket::Socket;
use crate::{
    abstractions::{
        compat::prelude::*,
        marked::read_once,
        tracepoint::{
            Handler,
            Tracepoint, //
        }, //
    },
    bindings,
    model::sockets::socket_event::{
        errno,
        Outcome, //
    },
};

/// `inet_sock_set_state`: reached just before the state changes, with the socket locked: by its task, or, in
/// a softirq, by the lock that tasks take it with.
pub(crate) struct InetSockSetState;

/// A change of state.
#[derive(Clone, Copy)]
pub(crate) struct Change<'call> {
    sk: *const bindings::sock,
    from: u32,
    to: u32,
    _locked: PhantomData<&'call bindings::sock>,
}

/// What a change means to who follows connects.
#[derive(Clone, Copy)]
pub(crate) enum Step {
    /// The socket begins to connect.
    Begins,
    /// The handshake of a connect ended, or, where `may_be_passive`, perhaps that of a connection from elsewhere.
    Ends {
        /// How.
        outcome: Outcome,
        /// Whether the socket may be one that was accepted.
        may_be_passive: bool,
        /// Whether its connection goes on, and will be closed.
        goes_on: bool,
    },
    /// A connection is over.
    Closes,
}

impl<'call> Change<'call> {
    /// The socket, where it is one of TCP that was created for IPv6.
    pub(crate) fn tcp6(self) -> Option<Socket<'call>> {
        // SAFETY: The socket is live; the protocol's number does not change, nor the protocol that the socket was created with, which
        // lives as long as the socket.
        let is_tcp6 = unsafe {
            u32::from(read_once(&raw const (*self.sk).sk_protocol)) == bindings::IPPROTO_TCP
                && (*(*self.sk).sk_prot_creator).ipv6_pinfo_offset != 0
        };
        // SAFETY: A full socket of that protocol is a `tcp_sock` with IPv6 state, whatever its family is now; request and
        // timewait sockets do not come here. It is live and locked.
        is_tcp6.then(|| unsafe { Socket::from_raw(self.sk.cast()) })
    }

    /// Whether `setsockopt(IPV6_ADDRFORM)` has made it a socket of IPv4. Then it was connected, with a v4-mapped peer.
    pub(crate) fn became_ipv4(self) -> bool {
        // SAFETY: The socket is live; its family changes, if ever, under its lock.
        let family = unsafe { read_once(&raw const (*self.sk).__sk_common.skc_family) };
        u32::from(family) == bindings::AF_INET
    }

    /// What it means, if anything.
    pub(crate) fn step(self) -> Option<Step> {
        let was = |state| self.from == state;
        match self.to {
            bindings::TCP_SYN_SENT => Some(Step::Begins),
            // Both ends connect to each other at the same time: the handshake goes on. Or a connection comes in.
            bindings::TCP_SYN_RECV => None,
            // Every other way out. From SYN_RECV a socket that is closed goes to FIN_WAIT1.
            to if was(bindings::TCP_SYN_SENT) || was(bindings::TCP_SYN_RECV) => Some(Step::Ends {
                outcome: if to == bindings::TCP_ESTABLISHED {
                    Outcome::Established
                } else {
                    self.failure()
                },
                may_be_passive: was(bindings::TCP_SYN_RECV),
                goes_on: to != bindings::TCP_CLOSE,
            }),
            bindings::TCP_CLOSE if !was(bindings::TCP_CLOSE) && !was(bindings::TCP_LISTEN) => {
                Some(Step::Closes)
            }
            _ => None,
        }
    }

    /// `sk->sk_err`, an errno: set before the state where an error is why it changes.
    pub(crate) fn error(self) -> u16 {
        // SAFETY: The socket is live; the error may change at any time.
        unsafe { read_once((&raw const (*self.sk).sk_err).cast::<u32>()) as u16 }
    }

    fn failure(self) -> Outcome {
        Outcome::of(self.error().into())
    }
}

// The numbers of `core` are this kernel's.
const _: () = {
    assert!(errno::ENETUNREACH == bindings::ENETUNREACH);
    assert!(errno::ECONNRESET == bindings::ECONNRESET);
    assert!(errno::ETIMEDOUT == bindings::ETIMEDOUT);
    assert!(errno::ECONNREFUSED == bindings::ECONNREFUSED);
    assert!(errno::EHOSTUNREACH == bindings::EHOSTUNREACH);
};

// SAFETY: The prototype is that of the tracepoint's TP_PROTO, after the data.
unsafe impl Tracepoint for InetSockSetState {
    const NAME: &'static CStr = c"inet_sock_set_state";

    type Args<'call> = Change<'call>;

    fn probe<T: Handler<Tracepoint = Self>>() -> *mut c_void {
        let probe: unsafe extern "C" fn(*mut c_void, *const bindings::sock, c_int, c_int) =
            probe::<T>;
        probe as *mut c_void
    }
}

/// # Safety
///
/// Called by the kernel only, with the handler it was registered with and a locked socket.
unsafe extern "C" fn probe<T: Handler<Tracepoint = InetSockSetState>>(
    handler: *mut c_void,
    sk: *const bindings::sock,
    from: c_int,
    to: c_int,
) {
    // SAFETY: It was registered, and lives until the registration has ended.
    let handler = unsafe { &*handler.cast::<T>() };
    handler.fired(Change {
        sk,
        from: from as u32,
        to: to as u32,
        _locked: PhantomData,
    });
}
