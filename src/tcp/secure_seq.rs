// SPDX-License-Identifier: GPL-2.0

//! The timestamp offset that the kernel's SipHash yields.
//!
//! C header: [`include/net/secure_seq.h`](srctree/include/net/secure_seq.h). RFC 7323, section 5.4, gives the reason
//! for an offset.

use super::tuple::{
    Input,
    Tuple, //
};
use crate::{
    abstractions::net::Net,
    bindings, //
};

/// Makes the kernel draw the secret of its hash, as at the first computation of an offset. May sleep.
///
/// The draw takes locks that sleep on PREEMPT_RT (`get_random_once()`, include/linux/once.h), where a probe handler
/// may not sleep. Without this call, a first connect that fails early would leave the draw to its handler.
pub(crate) fn draw_secret() {
    // The kernel does not guarantee that both functions use one secret.
    for tuple in &Tuple::UNSPECIFIED {
        timestamp_offset(Net::initial(), tuple);
    }
    if cfg!(CONFIG_PREEMPT_RT) {
        // The kernel has no call that waits for its worker (see `timestamp_offset`), which takes some milliseconds.
        // SAFETY: Process context, in which the current task may sleep.
        unsafe { bindings::msleep(WORKER_MS) };
    }
}

/// Time for the kernel's worker after the draw, in milliseconds.
const WORKER_MS: u32 = 100;

/// Returns the offset of a connection with this tuple, in host byte order. The unit is that of the connection's
/// timestamps: milliseconds or microseconds. 0 if the namespace's `tcp_timestamps` is not 1 now.
///
/// Call it after the draw of the secret, and not in an NMI. Each call takes a spin lock (`DO_ONCE()`, lib/once.c)
/// until a worker of the kernel has run after the first draw. On PREEMPT_RT that lock may sleep: there
/// [`draw_secret`] gives the worker time, without a check that it was enough.
#[inline]
pub(crate) fn timestamp_offset(net: Net<'_>, tuple: &Tuple) -> u32 {
    let (source_port, destination_port) = tuple.ports();
    let (source_port, destination_port) = hashed_order(source_port, destination_port);
    let seed = match tuple.hashed_addresses() {
        // SAFETY: The namespace is live, and each address has the four words of 32 bits that the function reads.
        Input::V6(source, destination) => unsafe {
            bindings::secure_tcpv6_seq_and_ts_off(
                net.as_ptr().cast(),
                source.as_ptr().cast(),
                destination.as_ptr().cast(),
                source_port,
                destination_port,
            )
        },
        // SAFETY: The namespace is live.
        Input::V4(source, destination) => unsafe {
            bindings::secure_tcp_seq_and_ts_off(
                net.as_ptr().cast(),
                source,
                destination,
                source_port,
                destination_port,
            )
        },
    };
    // SAFETY: The kernel wrote both halves of the union.
    unsafe { seed.__bindgen_anon_1.ts_off }
}

/// Returns the ports in the order of the hash input.
#[inline(always)]
fn hashed_order(source: u16, destination: u16) -> (u16, u16) {
    (source, destination)
}
