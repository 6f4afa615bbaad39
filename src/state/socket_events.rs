// SPDX-License-Identifier: GPL-2.0

//! The state of sockets after their connect has returned, see `probes::state_change`.

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

/// The tables of followed sockets, for all CPUs.
pub(crate) struct SocketEvents {
    /// The start times of pending handshakes.
    pub(crate) handshakes: Handshakes<KVVec<Set<Marked>>>,
    // The offsets of accepted sockets whose offset differs from the kernel's hash.
    chosen: Handshakes<KVVec<Set<Marked>>>,
    // Not 0: `chosen` has or had an entry.
    any_chosen: Marked,
}

impl SocketEvents {
    /// Allocates tables for `sockets` concurrent handshakes, and for as many accepted sockets with a chosen offset.
    /// May sleep.
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

    /// Stores the chosen offset of an accepted socket until its close. Returns whether there was a slot.
    pub(crate) fn choose(&self, cookie: u64, offset: u32) -> bool {
        self.any_chosen.store(1);
        self.chosen.start(cookie, offset.into())
    }

    /// Returns the chosen offset of a socket at its close, and frees its slot.
    #[inline]
    pub(crate) fn chosen(&self, socket: Socket<'_>) -> Option<u32> {
        // Few machines have chosen offsets: the others do not load the table's memory.
        if self.any_chosen.load() == 0 {
            return None;
        }
        // A socket with a slot has a cookie.
        Some(self.chosen.end(socket.cookie()?)? as u32)
    }
}
