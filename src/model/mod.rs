// SPDX-License-Identifier: GPL-2.0

//! Pure logic: nothing here knows the kernel, and no `unsafe`. The same files compile on the host,
//! where they are tested (tests/host).

pub(crate) mod counts;
pub(crate) mod last;
pub(crate) mod policy;
pub(crate) mod records;
pub(crate) mod shares;
pub(crate) mod sockets;
pub(crate) mod verdict;
pub(crate) mod witness;
pub(crate) mod word;
