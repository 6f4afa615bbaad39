// SPDX-License-Identifier: GPL-2.0

//! Offsets that users set: `setsockopt(TCP_TIMESTAMP)` in repair mode.

use kernel::sync::Arc;

use crate::{
    abstractions::{
        capability::net_admin_of,
        hook::Handler,
        preemption::PreemptionDisabled, //
    },
    state::{
        self_test::Fired,
        State, //
    },
    tcp::setsockopt::{
        DoTcpSetsockopt,
        Setsockopt, //
    },
};

/// Notes the sockets whose offset a user sets.
pub(crate) struct Repairs(pub(crate) Arc<State>);

impl Repairs {
    fn note(&self, here: PreemptionDisabled<'_>, call: Setsockopt<'_>) {
        if let Some(network) = self.0.network(here, call.net()) {
            network.note_repair(here, call.cookie());
        }
    }
}

impl Handler for Repairs {
    type Function = DoTcpSetsockopt;
    type Data = ();

    #[inline]
    fn wants(&self, call: Setsockopt<'_>) -> bool {
        call.sets_timestamp()
    }

    #[inline]
    fn entered(&self, here: PreemptionDisabled<'_>, call: Setsockopt<'_>) -> Option<()> {
        if self.0.trial.note(call.socket(), Fired::RepairEntered) {
            return Some(());
        }
        self.0.counts(here, call.net()).outcomes.enter_repair();
        Some(())
    }

    /// Who may is noted at once: this needs no instance of the probe, of which others can hold all.
    #[inline]
    fn called(&self, here: PreemptionDisabled<'_>, call: Setsockopt<'_>) {
        if self.0.trial.note(call.socket(), Fired::RepairCalled) {
            return;
        }
        if net_admin_of(call.net()) {
            self.note(here, call);
        }
        self.0.counts(here, call.net()).outcomes.call_repair();
    }

    /// Who may not, can where another task has put the socket into repair mode. A call that is not followed is counted.
    fn returned(&self, here: PreemptionDisabled<'_>, call: Setsockopt<'_>, (): &(), value: usize) {
        if self.0.trial.note(call.socket(), Fired::RepairReturned) {
            return;
        }
        // The function returns an int; the register's upper half means nothing.
        if value as i32 == 0 {
            self.note(here, call);
        }
    }
}
