// SPDX-License-Identifier: GPL-2.0

//! What comes after a connect.

pub(crate) mod handshakes;
pub(crate) mod outcomes;
pub(crate) mod repaired;
pub(crate) mod socket_event;
