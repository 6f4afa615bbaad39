// SPDX-License-Identifier: GPL-2.0

//! Writes of the sysctls that decide about offsets, counted.

use crate::{
    abstractions::marked::{
        smp_rmb,
        SharedCounter, //
    },
    tcp::sysctl::Sysctl, //
};

/// Writes at once that can be followed; hardly anybody writes these files.
pub(crate) const MAXACTIVE: u32 = 64;

/// How often the sysctls' handler began to write one of them, and ended, in one namespace.
///
/// Each count is a full barrier: begun comes before the write and ended after it, for whoever looks
/// in the opposite order (tests/litmus/timestamps.litmus).
pub(crate) struct Writes {
    begun: SharedCounter,
    ended: SharedCounter,
    // Of these, writes of ip_dynaddr.
    dynaddr: SharedCounter,
    // All calls that write, those that are not followed included. Counted after `begun`.
    called: SharedCounter,
}

impl Writes {
    /// None so far.
    pub(crate) const fn new() -> Self {
        Self {
            begun: SharedCounter::new(),
            ended: SharedCounter::new(),
            dynaddr: SharedCounter::new(),
            called: SharedCounter::new(),
        }
    }

    /// A write begins.
    pub(crate) fn start(&self, sysctl: Sysctl) {
        self.begun.increment();
        if sysctl == Sysctl::IpDynaddr {
            self.dynaddr.increment();
        }
    }

    /// It ends.
    pub(crate) fn end(&self) {
        self.ended.increment();
    }

    /// A write was called, whether it is followed or not.
    pub(crate) fn call(&self) {
        self.called.increment();
    }

    /// Writes that were called and are not followed.
    #[inline(always)]
    pub(crate) fn missed(&self) -> u64 {
        // In the opposite order to that of the counts: never too many.
        let called = self.called.load_acquire();
        called.saturating_sub(self.begun.load_acquire())
    }

    /// Whether ip_dynaddr was ever written, as far as is known.
    pub(crate) fn any_of_dynaddr(&self) -> bool {
        self.dynaddr.load_acquire() != 0 || self.missed() != 0
    }

    /// Writes that have ended. What is loaded afterwards is as new as the last of them.
    #[inline]
    pub(crate) fn ended(&self) -> u64 {
        self.ended.load_acquire()
    }

    /// Whether a write may have overlapped the time since [`ended`](Self::ended) said this. One that was missed may have: nobody knows
    /// when it ended.
    // Within the handlers, whose marked accesses are counted.
    #[inline(always)]
    pub(crate) fn any_since(&self, ended: u64) -> bool {
        // What was loaded before is no newer than the writes that are counted now.
        smp_rmb();
        // In this order: a write that begins in between hides a missed one, and is itself found.
        self.missed() != 0 || self.begun.load_acquire() != ended
    }
}
