// SPDX-License-Identifier: GPL-2.0

//! What is kept of sockets after their connect has returned, see `probes::state_change`.

use super::rings::many;
use crate::{
    abstractions::{
        compat::prelude::*,
        marked::Marked, //
    },
    model::sockets::handshakes::{
        Handshakes,
        Set, //
    },
    tcp::socket::Socket,
};

/// Of all CPUs.
pub(crate) struct SocketEvents {
    /// Who waits for an answer, and since when.
    pub(crate) handshakes: Handshakes<KVVec<Set<Marked>>>,
    // Accepted sockets whose offset somebody else than the kernel chose, and the offset.
    chosen: Handshakes<KVVec<Set<Marked>>>,
    // Not 0 once there was one.
    any_chosen: Marked,
}

impl SocketEvents {
    /// Allocates it, for so many sockets that wait, and that have a chosen offset, at once. May sleep.
    ///
    /// Fails with `ENOMEM`.
    pub(crate) fn new(sockets: u32) -> Result<Self> {
        let number = Handshakes::<KVVec<Set<Marked>>>::sets_for(sockets);
        Ok(Self {
            handshakes: Handshakes::new(many(number, Set::new)?),
            chosen: Handshakes::new(many(number, Set::new)?),
            any_chosen: Marked::new(0),
        })
    }

    /// Keeps the offset that was chosen for an accepted socket, until it is closed; says whether there was a slot.
    pub(crate) fn choose(&self, cookie: u64, offset: u32) -> bool {
        self.any_chosen.store(1);
        self.chosen.start(cookie, offset.into())
    }

    /// The offset that was chosen for a socket that is being closed; gives its slot back.
    #[inline]
    pub(crate) fn chosen(&self, socket: Socket<'_>) -> Option<u32> {
        // Few machines have one: the table's memory is looked at there only.
        if self.any_chosen.load() == 0 {
            return None;
        }
        // Who has a slot has a cookie.
        Some(self.chosen.end(socket.made_cookie()?)? as u32)
    }
}
