// SPDX-License-Identifier: GPL-2.0

//! Lockless reads of the offset, and how they lie to connects.

pub(crate) mod overlap;
pub(crate) mod readers;
pub(crate) mod torn;
