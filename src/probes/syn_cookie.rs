// SPDX-License-Identifier: GPL-2.0

//! Sockets that a SYN cookie made. Such a socket has no mark of it: its offset is that of any other.

use kernel::sync::Arc;

use crate::{
    abstractions::{
        compat::interrupt::local_interrupt_disable,
        hook::Handler,
        marked::Marked,
        preempt::PreemptDisabled, //
    },
    model::sockets::outcomes::Outcomes,
    state::State,
    tcp::cookie_sock::{
        CookieSockArgs,
        NewSocket,
        TcpGetCookieSock, //
    }, //
};

/// Notes such a socket until it leaves SYN_RECV.
pub(crate) struct SynCookieProbe(pub(crate) Arc<State>);

impl SynCookieProbe {
    /// Counts in the listener's namespace. A task that handles the backlog of its listener makes such sockets as well as
    /// a softirq, which can interrupt that task. With interrupts off, the counters have one writer.
    #[inline(always)]
    fn count(&self, call: CookieSockArgs<'_>, count: fn(&Outcomes<Marked>)) {
        let interrupts = local_interrupt_disable();
        count(self.0.counts((&interrupts).into(), call.net()).outcomes());
    }
}

impl Handler for SynCookieProbe {
    type Target = TcpGetCookieSock;
    type Data = ();

    /// Skips the sockets that the state handler skips.
    #[inline]
    fn filter(&self, call: CookieSockArgs<'_>) -> bool {
        self.0.ipv4() || call.is_ipv6()
    }

    #[inline]
    fn on_entry(&self, _preempt: PreemptDisabled<'_>, call: CookieSockArgs<'_>) -> Option<()> {
        self.count(call, Outcomes::enter_syn_cookie);
        Some(())
    }

    #[inline]
    fn on_hit(&self, _preempt: PreemptDisabled<'_>, call: CookieSockArgs<'_>) {
        self.count(call, Outcomes::call_syn_cookie);
    }

    /// Notes the new socket by its address if it is in SYN_RECV, where its lock keeps it. Every way out of SYN_RECV takes
    /// the note away, so no later socket at that address has an earlier one's note.
    #[inline]
    fn on_return(
        &self,
        _preempt: PreemptDisabled<'_>,
        call: CookieSockArgs<'_>,
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
        self.count(call, Outcomes::overflow_syn_cookie);
    }
}
