// SPDX-License-Identifier: GPL-2.0

//! Pure logic, without kernel interfaces and without `unsafe`. The host tests (tests/host) compile the same files.

pub(crate) mod clock_steps;
pub(crate) mod counts;
pub(crate) mod last;
pub(crate) mod policy;
pub(crate) mod records;
pub(crate) mod shares;
pub(crate) mod sockets;
pub(crate) mod verdict;
pub(crate) mod witness;
pub(crate) mod word;
