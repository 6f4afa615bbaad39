// SPDX-License-Identifier: GPL-2.0

//! The meaning of what the module's files say.

pub mod alert;
pub mod event;
pub mod failure;
pub mod failures;
pub mod histogram;
pub mod kind;
pub mod number;
pub mod rates;
pub mod stats;
