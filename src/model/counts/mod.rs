// SPDX-License-Identifier: GPL-2.0

//! Counters, and the lines of `stats`.

pub(crate) mod counters;
pub(crate) mod histogram;
pub(crate) mod ledger;
pub(crate) mod stats;
pub(crate) mod sum;
