// SPDX-License-Identifier: GPL-2.0

//! The kernel's TCP as this module looks at it: a socket, its namespace, and the kernel's own
//! computation of the timestamp offset.

pub(crate) mod connect;
pub(crate) mod kernel_socket;
pub(crate) mod namespace;
pub(crate) mod secure_seq;
pub(crate) mod set_state;
pub(crate) mod socket;
pub(crate) mod sockopt;
pub(crate) mod sysctl;
pub(crate) mod trace_connect;
