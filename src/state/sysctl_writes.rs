// SPDX-License-Identifier: GPL-2.0

//! Counters of writes of the sysctls that affect offsets.

use crate::{
    abstractions::marked::{
        smp_rmb,
        SharedCounter, //
    },
    tcp::sysctl::Sysctl, //
};

/// Limit of concurrent writes that are followed; writes of these files are rare.
pub(crate) const MAXACTIVE: u32 = 64;

/// Counts of begun and ended writes of the sysctls in one namespace.
///
/// Each increment is a full barrier. `begun` precedes the write and `ended` follows it, for a reader in the opposite
/// order (tests/litmus/timestamps.litmus).
pub(crate) struct Writes {
    begun: SharedCounter,
    ended: SharedCounter,
    // Begun writes of ip_dynaddr.
    dynaddr: SharedCounter,
    // All calls that write, missed ones included. A kretprobe increments it after `begun`.
    called: SharedCounter,
}

impl Writes {
    /// Returns counters that are all 0.
    pub(crate) const fn new() -> Self {
        Self {
            begun: SharedCounter::new(),
            ended: SharedCounter::new(),
            dynaddr: SharedCounter::new(),
            called: SharedCounter::new(),
        }
    }

    /// Counts the start of a write.
    pub(crate) fn start(&self, sysctl: Sysctl) {
        self.begun.increment();
        if sysctl == Sysctl::IpDynaddr {
            self.dynaddr.increment();
        }
    }

    /// Counts the end of a write.
    pub(crate) fn end(&self) {
        self.ended.increment();
    }

    /// Counts a call that writes, followed or missed.
    pub(crate) fn call(&self) {
        self.called.increment();
    }

    /// Returns the number of missed writes.
    #[inline(always)]
    pub(crate) fn missed(&self) -> u64 {
        // Loads in the opposite order of a kretprobe's increments: the result is never too large.
        let called = self.called.load_acquire();
        called.saturating_sub(self.begun.load_acquire())
    }

    /// Returns whether ip_dynaddr was ever written; a missed write counts as one.
    pub(crate) fn any_of_dynaddr(&self) -> bool {
        self.dynaddr.load_acquire() != 0 || self.missed() != 0
    }

    /// Returns the number of ended writes. Later loads are at least as new as the last of these writes.
    #[inline]
    pub(crate) fn ended(&self) -> u64 {
        self.ended.load_acquire()
    }

    /// Returns whether a write may have overlapped the time since [`ended`](Self::ended) returned `ended`. A missed
    /// write may have: its end is unknown.
    // Inlined into the handlers: a check counts their marked accesses.
    #[inline(always)]
    pub(crate) fn any_since(&self, ended: u64) -> bool {
        // Earlier loads are no newer than the writes that are counted now.
        smp_rmb();
        // `missed()` first: a write that begins between its loads can hide a missed write, but `begun` shows it.
        self.missed() != 0 || self.begun.load_acquire() != ended
    }
}
