// SPDX-License-Identifier: GPL-2.0

//! The module's own files of `src/model`, compiled for the host, and their tests.

#![cfg_attr(not(test), allow(dead_code))]
#![cfg(test)]

#[path = "../../../src/model/mod.rs"]
#[allow(dead_code, reason = "some of it is used by the module only")]
mod model;

mod counters;
mod filter;
mod handshakes;
mod histogram;
mod json;
mod last;
mod ledger;
mod merge;
mod outcomes;
mod overlap;
mod readers;
mod record;
mod ring;
mod shares;
mod socket_event;
mod stats;
mod text;
mod torn;
mod verdict;
mod words;
