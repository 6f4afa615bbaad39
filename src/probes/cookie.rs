// SPDX-License-Identifier: GPL-2.0

//! Sockets that a SYN cookie made. Nothing in such a socket tells: its offset is that of any other.

use kernel::sync::Arc;

use crate::{
    abstractions::{
        compat::interrupt::local_interrupt_disable,
        hook::Handler,
        preempt::PreemptDisabled, //
    },
    state::State,
    tcp::cookie_sock::{
        Answering,
        NewSocket,
        TcpGetCookieSock, //
    }, //
};

/// Notes such a socket until it leaves SYN_RECV.
pub(crate) struct CookieProbe(pub(crate) Arc<State>);

impl Handler for CookieProbe {
    type Target = TcpGetCookieSock;
    type Data = ();

    /// Skips the sockets that the state handler skips.
    #[inline]
    fn filter(&self, call: Answering<'_>) -> bool {
        self.0.ipv4() || call.is_ipv6()
    }

    // A task that handles the backlog of its listener makes such sockets as well as a softirq, which can interrupt that
    // task. With interrupts off, the counters have one writer.

    #[inline]
    fn on_entry(&self, _preempt: PreemptDisabled<'_>, call: Answering<'_>) -> Option<()> {
        let interrupts = local_interrupt_disable();
        let preempt = (&interrupts).into();
        self.0
            .counts(preempt, call.net())
            .outcomes
            .enter_syn_cookie();
        Some(())
    }

    #[inline]
    fn on_hit(&self, _preempt: PreemptDisabled<'_>, call: Answering<'_>) {
        let interrupts = local_interrupt_disable();
        let preempt = (&interrupts).into();
        self.0
            .counts(preempt, call.net())
            .outcomes
            .call_syn_cookie();
    }

    /// Notes the new socket by its address if it is in SYN_RECV, where its lock keeps it. Every way out of SYN_RECV takes
    /// the note away, so no later socket at that address has an earlier one's note.
    #[inline]
    fn on_return(
        &self,
        _preempt: PreemptDisabled<'_>,
        call: Answering<'_>,
        (): &(),
        socket: NewSocket<'_>,
    ) {
        let (Some(socket_events), Some(address)) = (&self.0.socket_events, socket.in_syn_recv())
        else {
            return;
        };
        if socket_events.note_syn_cookie(address) {
            return;
        }
        let interrupts = local_interrupt_disable();
        let preempt = (&interrupts).into();
        self.0
            .counts(preempt, call.net())
            .outcomes
            .overflow_syn_cookie();
    }
}
