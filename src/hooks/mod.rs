// SPDX-License-Identifier: GPL-2.0

//! What happens when the kernel calls a function that is watched.

pub(crate) mod connect;
#[cfg(tsoffset_variant = "defect")]
pub(crate) mod defect;
pub(crate) mod getsockopt;
#[cfg(tsoffset_variant = "hold")]
pub(crate) mod hold;
pub(crate) mod outcome;
mod record;
#[cfg(tsoffset_variant = "rewrite")]
pub(crate) mod rewrite;
pub(crate) mod timestamps;
mod trace;
pub(crate) mod trial;
