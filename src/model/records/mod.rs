// SPDX-License-Identifier: GPL-2.0

//! What is kept of each connect, and how it is read.

pub(crate) mod filter;
pub(crate) mod json;
pub(crate) mod merge;
pub(crate) mod record;
pub(crate) mod ring;
pub(crate) mod text;
