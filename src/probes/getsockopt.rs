// SPDX-License-Identifier: GPL-2.0

//! The witness: lockless reads of a socket's timestamp, and their overlaps with its connect.
//!
//! Off by default: it puts a probe on every `getsockopt` of a TCP socket.

use kernel::sync::Arc;

use crate::{
    abstractions::{
        hook::Handler,
        preempt::PreemptDisabled,
        task::responsible_user, //
    },
    model::{shares::Charge, witness::overlap::Read},
    state::{
        self_test::Fired,
        State, //
    },
    tcp::sockopt::{
        DoTcpGetsockopt,
        Sockopt, //
    },
};

/// Follows a read to its return.
pub(crate) struct GetsockoptProbe(pub(crate) Arc<State>);

impl Handler for GetsockoptProbe {
    // Always inlined into the handlers of both mechanisms: the entry's data is not copied again.
    type Target = DoTcpGetsockopt;
    /// `None` for a read of the self-test.
    type Data = Option<(Read, Charge)>;

    #[inline(always)]
    fn filter(&self, call: Sockopt<'_>) -> bool {
        call.is_timestamp()
    }

    #[inline(always)]
    fn on_entry(&self, preempt: PreemptDisabled<'_>, call: Sockopt<'_>) -> Option<Self::Data> {
        let overlaps = self.0.overlaps.as_ref()?;
        if self
            .0
            .self_test
            .reached(call.socket(), Fired::GetsockoptEntry)
        {
            return Some(None);
        }
        let readers = self.0.counts(preempt, call.net()).readers();
        let shares = self.0.read_shares.as_ref()?;
        let cpu = self.0.this_cpu(preempt).number;
        let Some(charge) = shares.charge(cpu, responsible_user()) else {
            readers.cap();
            return None;
        };
        let read = overlaps.read_begins(call.socket(), || call.tsoffset());

        readers.enter();
        if read.has_no_slot() {
            readers.overflow();
        }
        Some(Some((read, charge)))
    }

    /// Counts every read, as [`ConnectProbe`](super::connect::ConnectProbe) counts every call.
    #[inline(always)]
    fn on_hit(&self, preempt: PreemptDisabled<'_>, call: Sockopt<'_>) {
        if !self
            .0
            .self_test
            .reached(call.socket(), Fired::GetsockoptHit)
        {
            self.0.counts(preempt, call.net()).readers().call();
        }
    }

    #[inline(always)]
    fn on_return(
        &self,
        preempt: PreemptDisabled<'_>,
        call: Sockopt<'_>,
        data: &Self::Data,
        _value: usize,
    ) {
        let (Some(overlaps), Some((read, charge))) = (&self.0.overlaps, *data) else {
            self.0
                .self_test
                .reached(call.socket(), Fired::GetsockoptReturn);
            return;
        };
        if let Some(shares) = &self.0.read_shares {
            shares.uncharge(charge);
        }
        let overlap = overlaps.read_ends(call.socket(), read, || call.tsoffset());
        self.0.counts(preempt, call.net()).readers().finish(overlap);
    }
}
