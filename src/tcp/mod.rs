// SPDX-License-Identifier: GPL-2.0

//! The parts of the kernel's TCP that the module uses: sockets, their namespaces, and the kernel's
//! computation of the timestamp offset.

pub(crate) mod connect;
pub(crate) mod cookie_sock;
pub(crate) mod kernel_socket;
pub(crate) mod namespace;
mod owner;
pub(crate) mod secure_seq;
pub(crate) mod set_state;
pub(crate) mod socket;
pub(crate) mod sockopt;
pub(crate) mod sysctl;
pub(crate) mod trace_connect;
pub(crate) mod tuple;
