// SPDX-License-Identifier: GPL-2.0

//! What happens when the kernel calls a function that is watched.

pub(crate) mod connect;
pub(crate) mod getsockopt;
mod sample;
pub(crate) mod setsockopt;
pub(crate) mod state_change;
pub(crate) mod sysctl;
mod trace;
