// SPDX-License-Identifier: GPL-2.0

//! The TCP settings of a network namespace.
//!
//! C header: [`include/net/netns/ipv4.h`](srctree/include/net/netns/ipv4.h)

use crate::{
    abstractions::{
        marked::read_once,
        net::Net, //
    },
    bindings::layout,
};

/// Returns `net.ipv4.tcp_timestamps` of a namespace: 0 off, 1 with an offset for each connection, 2 without offset
/// (Documentation/networking/ip-sysctl.rst). A marked load, as it may change at any time.
#[inline]
pub(crate) fn tcp_timestamps(net: Net<'_>) -> u8 {
    // SAFETY: The namespace is live, and this is its sysctl of one byte. The kernel writes it with marked stores.
    unsafe { read_once(net.field::<u8>(layout::NET_TCP_TIMESTAMPS)) }
}

/// Returns `net.ipv4.ip_dynaddr` of a namespace. If it is not 0, a TCP socket over IPv4 without an answer may change
/// its source address (`inet_sk_reselect_saddr()`) after the store of its offset. A marked load, as it may change at
/// any time.
#[inline]
pub(crate) fn ip_dynaddr(net: Net<'_>) -> u8 {
    // SAFETY: The namespace is live, and this is its sysctl of one byte. The kernel writes it with marked stores.
    unsafe { read_once(net.field::<u8>(layout::NET_IP_DYNADDR)) }
}
