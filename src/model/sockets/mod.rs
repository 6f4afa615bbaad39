// SPDX-License-Identifier: GPL-2.0

//! Sockets after their connect: outcomes, failures and rewritten offsets.

pub(crate) mod attempt;
pub(crate) mod handshakes;
pub(crate) mod outcomes;
pub(crate) mod repaired;
