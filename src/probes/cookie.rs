// SPDX-License-Identifier: GPL-2.0

//! Sockets that a SYN cookie made. Nothing in such a socket tells: its offset is that of any other.

use core::marker::PhantomData;

use kernel::sync::Arc;

use crate::{
    abstractions::{
        hook::Handler,
        preempt::PreemptDisabled, //
    },
    state::State,
    tcp::cookie_sock::TcpGetCookieSock, //
};

/// Notes the last such socket of each CPU. Its state changes next, in the same softirq.
pub(crate) struct CookieProbe(pub(crate) Arc<State>);

impl Handler for CookieProbe {
    type Target = TcpGetCookieSock;
    type Data = ();

    #[inline]
    fn on_entry(&self, _preempt: PreemptDisabled<'_>, _call: PhantomData<&()>) -> Option<()> {
        Some(())
    }

    #[inline]
    fn on_return(
        &self,
        preempt: PreemptDisabled<'_>,
        _call: PhantomData<&()>,
        (): &(),
        value: usize,
    ) {
        self.0.this_cpu(preempt).cookie_socket.store(value as u64);
    }
}
