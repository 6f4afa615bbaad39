// SPDX-License-Identifier: GPL-2.0

//! What happens when the kernel calls a function that is watched.

pub(crate) mod connect;
#[cfg(tsoffset_variant = "defect")]
pub(crate) mod defect;
pub(crate) mod getsockopt;
#[cfg(tsoffset_variant = "hold")]
pub(crate) mod hold;
#[cfg(tsoffset_variant = "rewrite")]
pub(crate) mod rewrite;
mod sample;
pub(crate) mod setsockopt;
pub(crate) mod state_change;
pub(crate) mod sysctl;
mod trace;
