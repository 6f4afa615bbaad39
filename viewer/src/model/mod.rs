// SPDX-License-Identifier: GPL-2.0

//! The meaning of the module's files.

pub mod alert;
pub mod event;
pub mod failure;
pub mod failures;
pub mod histogram;
pub mod kind;
pub mod number;
pub mod rates;
pub mod stats;
