// SPDX-License-Identifier: GPL-2.0

//! The state of sockets after their connect has returned, see `probes::state_change`.

use super::{
    rings::many,
    shares_of, //
};
use crate::{
    abstractions::{
        compat::prelude::*,
        marked::Marked, //
    },
    model::{
        shares::Shares,
        sockets::{
            attempt::{
                self,
                Attempt, //
            },
            handshakes::{
                Bucket,
                Handshakes, //
            },
            outcomes::Begun,
        },
    },
    tcp::socket::Socket,
};

/// The tables of followed sockets, for all CPUs.
pub(crate) struct SocketEvents {
    /// The attempts whose handshake is pending.
    pub(crate) handshakes: Handshakes<KVVec<Bucket<Marked, { attempt::WORDS }>>>,
    // Each user's slots in it.
    shares: Shares<KVVec<Marked>>,
    // The offsets of accepted sockets whose offset differs from the kernel's hash.
    chosen: Handshakes<KVVec<Bucket<Marked, 1>>>,
    // Not 0: `chosen` has or had an entry.
    any_chosen: Marked,
    // The sockets in SYN_RECV that a SYN cookie made, by their addresses.
    syn_cookies: Handshakes<KVVec<Bucket<Marked, 0>>>,
    // Not 0: `syn_cookies` has or had an entry.
    any_syn_cookie: Marked,
}

/// Slots for sockets in SYN_RECV that a SYN cookie made. They leave it within the same softirq, unless the packet that
/// brought the cookie is wrong in another way.
const SYN_COOKIES: u32 = 1024;

impl SocketEvents {
    /// Allocates tables for `sockets` concurrent handshakes, and for as many accepted sockets with a chosen offset.
    /// May sleep.
    ///
    /// Fails with `ENOMEM`.
    pub(crate) fn new(sockets: u32) -> Result<Self> {
        let number = Handshakes::<KVVec<Bucket<Marked, 1>>>::sets_for(sockets);
        let handshakes = Handshakes::new(many(number, Bucket::new)?);
        // Each slot of the table counts, so the number fits: there are at most 65536.
        let shares = shares_of(handshakes.room() as u32)?;
        Ok(Self {
            handshakes,
            shares,
            chosen: Handshakes::new(many(number, Bucket::new)?),
            any_chosen: Marked::new(0),
            syn_cookies: Handshakes::new(many(
                Handshakes::<KVVec<Bucket<Marked, 0>>>::sets_for(SYN_COOKIES),
                Bucket::new,
            )?),
            any_syn_cookie: Marked::new(0),
        })
    }

    /// Notes a socket that a SYN cookie made, by its address, until it leaves SYN_RECV. Returns whether there was a slot.
    #[inline]
    pub(crate) fn note_syn_cookie(&self, address: usize) -> bool {
        // One store, not one for each cookie: every state change on every CPU loads this cache line.
        if self.any_syn_cookie.load() == 0 {
            self.any_syn_cookie.store(1);
        }
        self.syn_cookies.start(address as u64, &[])
    }

    /// Returns whether a SYN cookie made a socket that leaves SYN_RECV, and frees its slot.
    #[inline]
    pub(crate) fn take_syn_cookie(&self, socket: Socket<'_>) -> bool {
        // Few machines get SYN cookies: the others do not load the table's memory.
        self.any_syn_cookie.load() != 0 && self.syn_cookies.end(socket.address() as u64).is_some()
    }

    /// Stores the chosen offset of an accepted socket until its close. Returns whether there was a slot.
    pub(crate) fn choose(&self, cookie: u64, offset: u32) -> bool {
        // One store, as in `note_syn_cookie`.
        if self.any_chosen.load() == 0 {
            self.any_chosen.store(1);
        }
        self.chosen.start(cookie, &[offset.into()])
    }

    /// Returns the chosen offset of a socket at its close, and frees its slot.
    #[inline]
    pub(crate) fn chosen(&self, socket: Socket<'_>) -> Option<u32> {
        // Few machines have chosen offsets: the others do not load the table's memory.
        if self.any_chosen.load() == 0 {
            return None;
        }
        // A socket with a slot has a cookie.
        let [offset] = self.chosen.end(socket.cookie()?)?;
        Some(offset as u32)
    }

    /// Stores an attempt until its handshake ends. One user holds at most half of the slots. `cpu` is this CPU's number
    /// and `user` the responsible user.
    #[inline]
    pub(crate) fn begin(&self, cpu: u32, user: u32, cookie: u64, attempt: Attempt) -> Begun {
        let Some(charge) = self.shares.charge(cpu, user) else {
            return Begun::Capped;
        };
        // No slot is left from an earlier attempt of the socket, which would keep its charge: each attempt has an end.
        let attempt = Attempt { charge, ..attempt };
        if self.handshakes.start(cookie, &attempt.to_words()) {
            Begun::Tracked
        } else {
            self.shares.uncharge(charge);
            Begun::Overflow
        }
    }

    /// Returns the attempt of a socket whose handshake ends, and frees its slot.
    #[inline]
    pub(crate) fn end(&self, cookie: u64) -> Option<Attempt> {
        let attempt = self.handshakes.end(cookie).map(Attempt::from_words)?;
        self.shares.uncharge(attempt.charge);
        Some(attempt)
    }
}
