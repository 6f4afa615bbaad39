// SPDX-License-Identifier: GPL-2.0

//! What is counted, and how it is told.

pub(crate) mod counters;
pub(crate) mod histogram;
pub(crate) mod ledger;
pub(crate) mod stats;
