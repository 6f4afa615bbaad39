// SPDX-License-Identifier: GPL-2.0

//! The witness: lockless reads of a socket's timestamp, and whether they overlap its connect.
//!
//! Off unless asked for, as it costs every `getsockopt` of a TCP socket a probe.

use kernel::sync::Arc;

use super::trial::Fired;
use crate::{
    abstractions::{
        kretprobe,
        preemption::PreemptionDisabled, //
    },
    core::overlap::Read,
    state::State,
    tcp::getsockopt::{
        DoTcpGetsockopt,
        Getsockopt, //
    },
};

/// Follows a read to its return.
pub(crate) struct Reads(pub(crate) Arc<State>);

impl kretprobe::Handler for Reads {
    type Function = DoTcpGetsockopt;
    /// `None` of a read on trial.
    type Data = Option<Read>;

    #[inline]
    fn wants(&self, call: Getsockopt<'_>) -> bool {
        call.reads_timestamp()
    }

    #[inline]
    fn entered(&self, here: PreemptionDisabled<'_>, call: Getsockopt<'_>) -> Option<Read> {
        let overlaps = self.0.overlaps.as_ref()?;
        if self.0.trial.note(call.socket(), Fired::ReadEntered) {
            return None;
        }
        let read = overlaps.read_begins(call.socket(), || call.tsoffset());

        let counts = self.0.counts(here, call.net());
        counts.readers.enter();
        if read.has_no_place() {
            counts.readers.overflow();
        }
        Some(read)
    }

    /// Counts every read, as [`Connects`](super::connect::Connects) does every call.
    #[inline]
    fn called(&self, here: PreemptionDisabled<'_>, call: Getsockopt<'_>) {
        if !self.0.trial.note(call.socket(), Fired::ReadCalled) {
            self.0.counts(here, call.net()).readers.call();
        }
    }

    #[inline]
    fn returned(
        &self,
        here: PreemptionDisabled<'_>,
        call: Getsockopt<'_>,
        read: Option<Read>,
        _value: usize,
    ) {
        let (Some(overlaps), Some(read)) = (&self.0.overlaps, read) else {
            self.0.trial.note(call.socket(), Fired::ReadReturned);
            return;
        };
        let overlap = overlaps.read_ends(call.socket(), read, || call.tsoffset());
        self.0.counts(here, call.net()).readers.finish(overlap);
    }
}
