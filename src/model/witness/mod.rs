// SPDX-License-Identifier: GPL-2.0

//! Lockless reads of the offset, and their overlaps with connects.

pub(crate) mod overlap;
pub(crate) mod readers;
pub(crate) mod torn;
