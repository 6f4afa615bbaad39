// SPDX-License-Identifier: GPL-2.0

//! The tracepoint of socket state changes.
//!
//! C headers: [`include/trace/events/sock.h`](srctree/include/trace/events/sock.h),
//! [`include/net/tcp_states.h`](srctree/include/net/tcp_states.h)

use core::marker::PhantomData;

use super::socket::{is_for_ipv6, Socket};
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
    model::records::socket_event::{
        errno,
        Outcome, //
    },
};

/// `inet_sock_set_state`: fires just before the state changes, with the socket locked. A task holds the socket lock,
/// or a softirq holds the spin lock inside it.
pub(crate) struct InetSockSetState;

/// A change of state.
#[derive(Clone, Copy)]
pub(crate) struct SetStateArgs<'call> {
    sk: *const bindings::sock,
    from: u32,
    to: u32,
    _locked: PhantomData<&'call bindings::sock>,
}

/// The meaning of a change for a followed connect.
#[derive(Clone, Copy)]
pub(crate) enum Step {
    /// The socket begins to connect.
    Begins,
    /// A connect's handshake ended. With `may_be_passive`, it can also be that of an incoming connection.
    Ends {
        /// The outcome.
        outcome: Outcome,
        /// `sk->sk_err`, an errno. The kernel sets it before the state if an error causes the change. Another thread can
        /// take it at any time (`getsockopt(SO_ERROR)`, net/core/sock.c).
        error: u16,
        /// Whether the socket may be an accepted one.
        may_be_passive: bool,
        /// Whether the connection continues and is closed later.
        goes_on: bool,
    },
    /// A connection ended.
    Closes,
}

impl<'call> SetStateArgs<'call> {
    /// Returns the socket if it is a TCP socket that was created for IPv6, or with `or_ipv4` for IPv4.
    pub(crate) fn tcp(self, or_ipv4: bool) -> Option<Socket<'call>> {
        // SAFETY: The socket is live and a full one. Its protocol number does not change.
        let is_followed = unsafe {
            u32::from(read_once(&raw const (*self.sk).sk_protocol)) == bindings::IPPROTO_TCP
                && (or_ipv4 || is_for_ipv6(self.sk))
        };
        // SAFETY: A full socket of that protocol is a `tcp_sock`. One that was created for IPv6 has IPv6 state, whatever
        // its family is now. Request and timewait sockets do not reach this tracepoint. The socket is live and locked.
        is_followed.then(|| unsafe { Socket::from_raw(self.sk.cast()) })
    }

    /// Returns the meaning of the change, if it has one.
    pub(crate) fn step(self) -> Option<Step> {
        let was = |state| self.from == state;
        match self.to {
            bindings::TCP_SYN_SENT => Some(Step::Begins),
            // Simultaneous open: the handshake continues. Or an incoming connection.
            bindings::TCP_SYN_RECV => None,
            // Every other end of a handshake. A socket that is closed in SYN_RECV enters FIN_WAIT1, or CLOSE with a reset.
            to if was(bindings::TCP_SYN_SENT) || was(bindings::TCP_SYN_RECV) => {
                let error = self.error();
                Some(Step::Ends {
                    outcome: if to == bindings::TCP_ESTABLISHED {
                        Outcome::Established
                    } else {
                        Outcome::of(error.into())
                    },
                    error,
                    may_be_passive: was(bindings::TCP_SYN_RECV),
                    goes_on: to != bindings::TCP_CLOSE,
                })
            }
            bindings::TCP_CLOSE if !was(bindings::TCP_CLOSE) && !was(bindings::TCP_LISTEN) => {
                Some(Step::Closes)
            }
            _ => None,
        }
    }

    fn error(self) -> u16 {
        // SAFETY: The socket is live; the error may change at any time.
        unsafe { read_once((&raw const (*self.sk).sk_err).cast::<u32>()) as u16 }
    }
}

// The numbers in `model` are those of this kernel.
const _: () = {
    assert!(errno::EPERM == bindings::EPERM);
    assert!(errno::EACCES == bindings::EACCES);
    assert!(errno::EADDRNOTAVAIL == bindings::EADDRNOTAVAIL);
    assert!(errno::ENETUNREACH == bindings::ENETUNREACH);
    assert!(errno::ECONNRESET == bindings::ECONNRESET);
    assert!(errno::ETIMEDOUT == bindings::ETIMEDOUT);
    assert!(errno::ECONNREFUSED == bindings::ECONNREFUSED);
    assert!(errno::EHOSTUNREACH == bindings::EHOSTUNREACH);
};

// SAFETY: The prototype is that of the tracepoint's TP_PROTO, after the data.
unsafe impl Tracepoint for InetSockSetState {
    const NAME: &'static CStr = c"inet_sock_set_state";

    type Args<'call> = SetStateArgs<'call>;

    fn probe<T: Handler<Tracepoint = Self>>() -> *mut c_void {
        let probe: unsafe extern "C" fn(*mut c_void, *const bindings::sock, c_int, c_int) =
            probe::<T>;
        probe as *mut c_void
    }
}

/// # Safety
///
/// Only the kernel calls it, with the registered handler and a locked socket.
unsafe extern "C" fn probe<T: Handler<Tracepoint = InetSockSetState>>(
    handler: *mut c_void,
    sk: *const bindings::sock,
    from: c_int,
    to: c_int,
) {
    // SAFETY: The handler was registered, and lives until the registration has ended.
    let handler = unsafe { &*handler.cast::<T>() };
    handler.on_hit(SetStateArgs {
        sk,
        from: from as u32,
        to: to as u32,
        _locked: PhantomData,
    });
}
