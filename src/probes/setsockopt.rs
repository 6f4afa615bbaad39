// SPDX-License-Identifier: GPL-2.0

//! Offsets that users set: `setsockopt(TCP_TIMESTAMP)` in repair mode.

use kernel::sync::Arc;

use crate::{
    abstractions::{
        capability::net_admin_of,
        hook::Handler,
        preempt::PreemptDisabled, //
    },
    state::{
        self_test::Fired,
        State, //
    },
    tcp::sockopt::{
        DoTcpSetsockopt,
        Sockopt, //
    },
};

/// Notes the sockets whose offset a user sets.
pub(crate) struct SetsockoptProbe(pub(crate) Arc<State>);

impl SetsockoptProbe {
    fn mark(&self, preempt: PreemptDisabled<'_>, call: Sockopt<'_>) {
        if let Some(network) = self.0.network(preempt, call.net()) {
            network.mark_repair(preempt, call.cookie());
        }
    }
}

impl Handler for SetsockoptProbe {
    type Target = DoTcpSetsockopt;
    type Data = ();

    #[inline]
    fn filter(&self, call: Sockopt<'_>) -> bool {
        call.is_timestamp()
    }

    #[inline]
    fn on_entry(&self, preempt: PreemptDisabled<'_>, call: Sockopt<'_>) -> Option<()> {
        if self
            .0
            .self_test
            .reached(call.socket(), Fired::SetsockoptEntry)
        {
            return Some(());
        }
        self.0.counts(preempt, call.net()).outcomes.enter_repair();
        Some(())
    }

    /// Who may is noted at once: this needs no instance of the probe, of which others can hold all.
    #[inline]
    fn on_hit(&self, preempt: PreemptDisabled<'_>, call: Sockopt<'_>) {
        if self
            .0
            .self_test
            .reached(call.socket(), Fired::SetsockoptHit)
        {
            return;
        }
        if net_admin_of(call.net()) {
            self.mark(preempt, call);
        }
        self.0.counts(preempt, call.net()).outcomes.call_repair();
    }

    /// Who may not, can where another task has put the socket into repair mode. A call that is not followed is counted.
    fn on_return(&self, preempt: PreemptDisabled<'_>, call: Sockopt<'_>, (): &(), value: usize) {
        if self
            .0
            .self_test
            .reached(call.socket(), Fired::SetsockoptReturn)
        {
            return;
        }
        // The function returns an int; the register's upper half means nothing.
        if value as i32 == 0 {
            self.mark(preempt, call);
        }
    }
}
