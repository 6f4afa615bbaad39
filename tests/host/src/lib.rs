// SPDX-License-Identifier: GPL-2.0

//! Compiles the module's `src/model` for the host and tests it.

#![cfg_attr(not(test), allow(dead_code))]
#![cfg(test)]

#[path = "../../../src/model/mod.rs"]
#[allow(dead_code, reason = "some of it is used by the module only")]
mod model;

mod clock_steps;
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
