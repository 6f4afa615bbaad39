// SPDX-License-Identifier: GPL-2.0

//! Records of connects and events of sockets: storage, filter and output.

pub(crate) mod accepted;
mod columns;
pub(crate) mod draft;
pub(crate) mod event;
pub(crate) mod failure;
pub(crate) mod family;
pub(crate) mod filter;
mod filter_key;
mod filter_value;
pub(crate) mod json;
pub(crate) mod merge;
pub(crate) mod record;
pub(crate) mod ring;
pub(crate) mod socket_event;
pub(crate) mod text;
pub(crate) mod who;
