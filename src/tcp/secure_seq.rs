// SPDX-License-Identifier: GPL-2.0

//! The timestamp offset that the kernel's own SipHash yields.
//!
//! C header: [`include/net/secure_seq.h`](srctree/include/net/secure_seq.h); why timestamps have an
//! offset at all: RFC 7323, section 5.4.

use super::socket::Tuple;
use crate::{
    abstractions::net::Net,
    bindings, //
};

/// Has the kernel draw the secret of its hash, as it does when it is asked for an offset the first time. May sleep.
///
/// For that it takes locks that sleep on PREEMPT_RT (`get_random_once()`, include/linux/once.h), where a probe handler
/// may not. If the first connect since boot fails before the kernel asks itself, its handler would be the first to ask.
pub(crate) fn draw_secret() {
    // No promise of the kernel's says that both hash with the same secret.
    for tuple in &Tuple::UNSPECIFIED {
        timestamp_offset(Net::initial(), tuple);
    }
    if cfg!(CONFIG_PREEMPT_RT) {
        // Nothing waits for the worker (see `timestamp_offset`), which takes some milliseconds.
        // SAFETY: Process context, in which the current task may sleep.
        unsafe { bindings::msleep(WORKER_MS) };
    }
}

/// How long the kernel's worker has after the draw, in milliseconds.
const WORKER_MS: u32 = 100;

/// The offset (milliseconds or microseconds, the unit of the connection's timestamps, in host byte
/// order) for a connection with this tuple. 0 where the namespace's `tcp_timestamps` is not 1 just
/// now. Once the secret has been drawn; not in an NMI. Until a worker of the kernel's has run after the first draw, each call takes a spin
/// lock (`DO_ONCE()`, lib/once.c), which on PREEMPT_RT may sleep: there [`draw_secret`] gives the worker time,
/// and does not know whether it was enough.
#[inline]
pub(crate) fn timestamp_offset(net: Net<'_>, tuple: &Tuple) -> u32 {
    let seed = match tuple {
        Tuple::V6 {
            source,
            destination,
            source_port,
            destination_port,
        } => {
            let (source_port, destination_port) = hashed_order(*source_port, *destination_port);
            // SAFETY: The namespace is live, and each address is the four words that are read.
            unsafe {
                bindings::secure_tcpv6_seq_and_ts_off(
                    net.as_ptr().cast(),
                    source.as_ptr(),
                    destination.as_ptr(),
                    source_port,
                    destination_port,
                )
            }
        }
        Tuple::V4 {
            source,
            destination,
            source_port,
            destination_port,
        } => {
            let (source_port, destination_port) = hashed_order(*source_port, *destination_port);
            // SAFETY: The namespace is live.
            unsafe {
                bindings::secure_tcp_seq_and_ts_off(
                    net.as_ptr().cast(),
                    *source,
                    *destination,
                    source_port,
                    destination_port,
                )
            }
        }
    };
    // SAFETY: The kernel wrote both halves of the union.
    unsafe { seed.__bindgen_anon_1.ts_off }
}

/// The ports in the order in which they are hashed.
#[inline(always)]
fn hashed_order(source: u16, destination: u16) -> (u16, u16) {
    (source, destination)
}
