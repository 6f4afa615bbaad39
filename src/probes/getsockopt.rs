// SPDX-License-Identifier: GPL-2.0

//! The witness: lockless reads of a socket's timestamp, and whether they overlap its connect.
//!
//! Off unless asked for, as it costs every `getsockopt` of a TCP socket a probe.

use kernel::sync::Arc;

use crate::{
    abstractions::{
        hook::Handler,
        preemption::PreemptionDisabled,
        task::responsible_user, //
    },
    model::{shares::Taken, witness::overlap::Read},
    state::{
        self_test::Fired,
        State, //
    },
    tcp::getsockopt::{
        DoTcpGetsockopt,
        Getsockopt, //
    },
};

/// Follows a read to its return.
pub(crate) struct Reads(pub(crate) Arc<State>);

impl Handler for Reads {
    // Always inlined, each into the handlers of both mechanisms: what entry keeps is not copied once more.
    type Function = DoTcpGetsockopt;
    /// `None` of a read on trial.
    type Data = Option<(Read, Taken)>;

    #[inline(always)]
    fn wants(&self, call: Getsockopt<'_>) -> bool {
        call.reads_timestamp()
    }

    #[inline(always)]
    fn entered(&self, here: PreemptionDisabled<'_>, call: Getsockopt<'_>) -> Option<Self::Data> {
        let overlaps = self.0.overlaps.as_ref()?;
        if self.0.trial.note(call.socket(), Fired::ReadEntered) {
            return Some(None);
        }
        let readers = &self.0.counts(here, call.net()).readers;
        let shares = self.0.read_shares.as_ref()?;
        let cpu = self.0.this_cpu(here).number;
        let Some(share) = shares.take(cpu, responsible_user()) else {
            readers.cap();
            return None;
        };
        let read = overlaps.read_begins(call.socket(), || call.tsoffset());

        readers.enter();
        if read.has_no_place() {
            readers.overflow();
        }
        Some(Some((read, share)))
    }

    /// Counts every read, as [`Connects`](super::connect::Connects) does every call.
    #[inline(always)]
    fn called(&self, here: PreemptionDisabled<'_>, call: Getsockopt<'_>) {
        if !self.0.trial.note(call.socket(), Fired::ReadCalled) {
            self.0.counts(here, call.net()).readers.call();
        }
    }

    #[inline(always)]
    fn returned(
        &self,
        here: PreemptionDisabled<'_>,
        call: Getsockopt<'_>,
        data: &Self::Data,
        _value: usize,
    ) {
        let (Some(overlaps), Some((read, share))) = (&self.0.overlaps, *data) else {
            self.0.trial.note(call.socket(), Fired::ReadReturned);
            return;
        };
        if let Some(shares) = &self.0.read_shares {
            shares.give_back(share);
        }
        let overlap = overlaps.read_ends(call.socket(), read, || call.tsoffset());
        self.0.counts(here, call.net()).readers.finish(overlap);
    }
}
