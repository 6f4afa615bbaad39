// SPDX-License-Identifier: GPL-2.0

//! Writes of the sysctls that decide about offsets, counted.

use crate::{
    abstractions::marked::{
        smp_rmb,
        SharedCounter, //
    },
    tcp::sysctl::Sysctl, //
};

/// How often the sysctls' handler began to write one of them, and ended, in one namespace.
///
/// Each count is a full barrier: begun comes before the write and ended after it, for whoever looks
/// in the opposite order (tests/litmus/timestamps.litmus).
pub(crate) struct Writes {
    begun: SharedCounter,
    ended: SharedCounter,
    // Of these, writes of ip_dynaddr.
    dynaddr: SharedCounter,
}

impl Writes {
    /// None so far.
    pub(crate) const fn new() -> Self {
        Self {
            begun: SharedCounter::new(),
            ended: SharedCounter::new(),
            dynaddr: SharedCounter::new(),
        }
    }

    /// A write begins.
    pub(crate) fn begin(&self, sysctl: Sysctl) {
        self.begun.increment();
        if sysctl == Sysctl::IpDynaddr {
            self.dynaddr.increment();
        }
    }

    /// It ends.
    pub(crate) fn end(&self) {
        self.ended.increment();
    }

    /// Whether ip_dynaddr was ever written.
    pub(crate) fn any_of_dynaddr(&self) -> bool {
        self.dynaddr.load_acquire() != 0
    }

    /// Writes that have ended. What is loaded afterwards is as new as the last of them.
    #[inline]
    pub(crate) fn ended(&self) -> u64 {
        self.ended.load_acquire()
    }

    /// Whether a write overlapped the time since [`ended`](Self::ended) said this.
    pub(crate) fn any_since(&self, ended: u64) -> bool {
        // What was loaded before is no newer than the writes that are counted now.
        smp_rmb();
        self.begun.load_acquire() != ended
    }
}
