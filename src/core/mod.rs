// SPDX-License-Identifier: GPL-2.0

//! Pure logic: nothing here knows the kernel, and no `unsafe`. The same files compile on the host,
//! where they are tested (tests/host).

pub(crate) mod counters;
pub(crate) mod filter;
pub(crate) mod follow_up;
pub(crate) mod handshakes;
pub(crate) mod histogram;
pub(crate) mod json;
pub(crate) mod last;
pub(crate) mod ledger;
pub(crate) mod merge;
pub(crate) mod outcomes;
pub(crate) mod overlap;
pub(crate) mod policy;
pub(crate) mod readers;
pub(crate) mod record;
pub(crate) mod repaired;
pub(crate) mod ring;
pub(crate) mod shares;
pub(crate) mod stats;
pub(crate) mod text;
pub(crate) mod torn;
pub(crate) mod verdict;
pub(crate) mod word;
