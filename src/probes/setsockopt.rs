// SPDX-License-Identifier: GPL-2.0

//! Offsets set by users: `setsockopt(TCP_TIMESTAMP)` in TCP_REPAIR mode.

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

/// Marks the sockets whose offset a user sets.
pub(crate) struct SetsockoptProbe(pub(crate) Arc<State>);

impl SetsockoptProbe {
    fn mark(&self, preempt: PreemptDisabled<'_>, call: Sockopt<'_>) {
        if let Some(netns) = self.0.netns(preempt, call.net()) {
            netns.mark_repair(preempt, call.gen_cookie());
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
        self.0.counts(preempt, call.net()).outcomes().enter_repair();
        Some(())
    }

    /// Marks the socket of a caller with CAP_NET_ADMIN. This needs no probe instance: other users can hold all of
    /// them.
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
        self.0.counts(preempt, call.net()).outcomes().call_repair();
    }

    /// Marks the socket of a successful call. A caller without CAP_NET_ADMIN succeeds if another task has put the
    /// socket into repair mode. A missed call is counted.
    fn on_return(&self, preempt: PreemptDisabled<'_>, call: Sockopt<'_>, (): &(), value: usize) {
        if self
            .0
            .self_test
            .reached(call.socket(), Fired::SetsockoptReturn)
        {
            return;
        }
        // The function returns an int; the register's upper half is undefined.
        if value as i32 == 0 {
            self.mark(preempt, call);
        }
    }
}
