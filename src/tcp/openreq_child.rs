// SPDX-License-Identifier: GPL-2.0

//! A function that each accepted socket passes before its connection is established.
//!
//! C source: [`net/ipv4/tcp_minisocks.c`](srctree/net/ipv4/tcp_minisocks.c)

use core::marker::PhantomData;

use crate::{
    abstractions::{
        compat::prelude::*,
        marked::read_once,
        probe_target::{
            ProbeTarget,
            PtRegs, //
        }, //
    },
    bindings, //
};

/// `void tcp_ca_openreq_child(struct sock *sk, const struct dst_entry *dst)`: called in a softirq, for TCP sockets of either
/// family that a listener makes, after `tcp_create_openreq_child()` has copied the offset of the request socket.
pub(crate) struct TcpCaOpenreqChild;

/// A socket that a listener makes.
#[derive(Clone, Copy)]
pub(crate) struct Child<'call> {
    sk: *mut bindings::tcp_sock,
    _locked: PhantomData<&'call bindings::tcp_sock>,
}

impl Child<'_> {
    /// `SO_MARK`, which is that of its listener.
    pub(crate) fn mark(self) -> u32 {
        // SAFETY: A `tcp_sock` begins with a `sock`, which the caller has made and holds locked during the call.
        unsafe { read_once(&raw const (*self.sk.cast::<bindings::sock>()).sk_mark) }
    }

    /// `tp->tsoffset`.
    pub(crate) fn tsoffset(self) -> u32 {
        // SAFETY: The caller holds the socket locked during the call.
        unsafe { read_once(&raw const (*self.sk).tsoffset) }
    }

    /// Sets it: `WRITE_ONCE`.
    pub(crate) fn set_tsoffset(self, offset: u32) {
        // SAFETY: The socket is live and locked during the call that it is an argument of. Nobody else has it so far.
        unsafe { (&raw mut (*self.sk).tsoffset).write_volatile(offset) };
    }
}

// SAFETY: The first argument is a `struct sock` of TCP, made, locked and held by the caller during the call.
unsafe impl ProbeTarget for TcpCaOpenreqChild {
    const SYMBOL: &'static CStr = c"tcp_ca_openreq_child";

    type Args<'call> = Child<'call>;

    unsafe fn args<'call>(regs: &PtRegs) -> Child<'call> {
        Child {
            sk: regs.argument(0) as *mut _,
            _locked: PhantomData,
        }
    }
}
