// SPDX-License-Identifier: GPL-2.0

//! Holds a connect before the kernel stores the offset, for the selftests of the witness.
//!
//! The function is called by `tcp_v6_connect()` before the store. A socket whose priority is [`HELD`] is
//! held there, spinning, until somebody sets another one, which `setsockopt(SO_PRIORITY)` does
//! without the socket lock.

use crate::{
    abstractions::{
        clock,
        compat::prelude::*,
        hook::Handler,
        preempt::PreemptDisabled, //
    },
    tcp::{
        hash_connect::Inet6HashConnect,
        socket::Socket, //
    },
};

/// The priority that asks for it.
const HELD: u32 = 0x7e57;

/// Nobody is held for longer, in nanoseconds: well below what the kernel's watchdogs allow.
const AT_MOST: u64 = 5_000_000_000;

/// The hook.
pub(crate) struct Hold;

impl Handler for Hold {
    type Target = Inet6HashConnect;
    type Data = ();

    fn on_entry(&self, _here: PreemptDisabled<'_>, socket: Socket<'_>) -> Option<()> {
        let begin = clock::boot_ns();
        while socket.priority() == HELD {
            if clock::boot_ns().wrapping_sub(begin) > AT_MOST {
                pr_err!("a connect was held for too long\n");
                break;
            }
            core::hint::spin_loop();
        }
        None
    }

    fn on_return(&self, _here: PreemptDisabled<'_>, _socket: Socket<'_>, (): &(), _value: usize) {}
}
