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
};

/// Of all CPUs.
pub(crate) struct SocketEvents {
    /// Who waits for an answer, and since when.
    pub(crate) handshakes: Handshakes<KVVec<Set<Marked>>>,
    /// Accepted sockets whose offset somebody else than the kernel chose, and the offset. A place is given back when its socket is closed,
    /// but for one whose offset the hash yields by then.
    pub(crate) chosen: Handshakes<KVVec<Set<Marked>>>,
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
        })
    }
}
