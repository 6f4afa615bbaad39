// SPDX-License-Identifier: GPL-2.0

//! The handlers of the hooks.

pub(crate) mod clock_step;
pub(crate) mod connect;
pub(crate) mod connect_family;
mod connect_return;
pub(crate) mod getsockopt;
pub(crate) mod registration;
mod sample;
pub(crate) mod setsockopt;
pub(crate) mod state_change;
pub(crate) mod syn_cookie;
pub(crate) mod sysctl;
mod trace;
