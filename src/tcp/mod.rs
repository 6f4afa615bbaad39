// SPDX-License-Identifier: GPL-2.0

//! The kernel's TCP as this module looks at it: a socket, its namespace, and the kernel's own
//! computation of the timestamp offset.

#[cfg(tsoffset_variant = "rewrite")]
pub(crate) mod close;
pub(crate) mod connect;
#[cfg(any(tsoffset_variant = "defect", tsoffset_variant = "hold"))]
pub(crate) mod hash_connect;
pub(crate) mod kernel_socket;
pub(crate) mod namespace;
#[cfg(tsoffset_variant = "rewrite")]
pub(crate) mod openreq_child;
pub(crate) mod secure_seq;
pub(crate) mod set_state;
pub(crate) mod socket;
pub(crate) mod sockopt;
pub(crate) mod sysctl;
pub(crate) mod trace_connect;
