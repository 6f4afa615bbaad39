// SPDX-License-Identifier: GPL-2.0

//! Writes of `net.ipv4.tcp_timestamps`.
//!
//! Comparing the sysctl at a connect's entry and return does not show that it was changed and
//! changed back in between; counting its writes does.

use kernel::sync::Arc;

use crate::{
    abstractions::{
        kretprobe,
        marked::{
            Marked,
            SharedCounter, //
        },
        preemption::PreemptionDisabled, //
    },
    core::word::Word,
    state::State,
    tcp::sysctl::{
        Access,
        ProcDou8vecMinmax, //
    },
};

/// How often the sysctl's handler began to write it, and ended; in all namespaces together.
///
/// Each count is a full barrier: begun comes before the write and ended after it, for whoever looks
/// in the opposite order (tests/litmus/timestamps.litmus).
pub(crate) struct Writes {
    begun: SharedCounter,
    ended: SharedCounter,
}

impl Writes {
    pub(crate) const fn new() -> Self {
        Self {
            begun: SharedCounter::new(),
            ended: SharedCounter::new(),
        }
    }

    /// Writes that have ended. What is loaded afterwards is as new as the last of them.
    #[inline]
    pub(crate) fn ended(&self) -> u64 {
        self.ended.load_acquire()
    }

    /// Whether a write overlapped the time since [`ended`](Self::ended) said this.
    #[inline]
    pub(crate) fn any_since(&self, ended: u64) -> bool {
        // What was loaded before is no newer than the writes that are counted now.
        Marked::read_barrier();
        self.begun.load_acquire() != ended
    }
}

/// Counts the writes.
pub(crate) struct Timestamps(pub(crate) Arc<State>);

impl kretprobe::Handler for Timestamps {
    type Function = ProcDou8vecMinmax;
    type Data = ();

    fn wants(&self, access: Access<'_>) -> bool {
        access.writes_tcp_timestamps()
    }

    fn entered(&self, _here: PreemptionDisabled<'_>, _access: Access<'_>) {
        self.0.timestamps.begun.increment();
    }

    fn returned(&self, _here: PreemptionDisabled<'_>, _access: Access<'_>, (): (), _value: usize) {
        self.0.timestamps.ended.increment();
    }
}
