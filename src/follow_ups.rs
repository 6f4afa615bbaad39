// SPDX-License-Identifier: GPL-2.0

//! The follow-ups of connects: what is kept of sockets after their connect has returned, see `hooks::outcome`.

use crate::{
    abstractions::{
        compat::prelude::*,
        marked::Marked, //
    },
    core::{
        follow_up,
        handshakes::{
            Handshakes,
            Set, //
        },
        repaired::{
            self,
            Repaired, //
        },
        ring::{
            Ring,
            Slot, //
        },
        word::Word,
    },
    state::ring_for_each_cpu,
};

/// The follow-ups of one CPU.
pub(crate) type FollowUpRing = Ring<Marked, KVVec<Slot<Marked, { follow_up::WORDS }>>>;

/// Of all CPUs, with what they are made from.
pub(crate) struct FollowUps {
    /// Who waits for an answer, and since when.
    pub(crate) handshakes: Handshakes<KVVec<Set<Marked>>>,
    /// Whose offset a user set.
    pub(crate) repaired: Repaired<KVVec<Marked>>,
    // By the CPU's number; empty where no records are kept. Rings of their own: they are written in softirqs, on top of a returning connect.
    rings: KVVec<FollowUpRing>,
}

impl FollowUps {
    /// Allocates it, for so many sockets that wait at once and so many follow-ups for each CPU, a power of
    /// two, where they are to be kept. May sleep.
    ///
    /// Fails with `ENOMEM`.
    pub(crate) fn new(sockets: u32, records: Option<u32>) -> Result<Self> {
        let number = Handshakes::<KVVec<Set<Marked>>>::sets_for(sockets);
        Ok(Self {
            handshakes: Handshakes::new(many(number, Set::new)?),
            repaired: Repaired::new(many(repaired::WORDS, || Marked::new(0))?),
            rings: ring_for_each_cpu(records)?,
        })
    }

    /// The ring of a CPU by its number; none where no records are kept.
    pub(crate) fn ring(&self, cpu: u32) -> Option<&FollowUpRing> {
        self.rings.get(cpu as usize)
    }
}

/// So many of them. May sleep.
pub(crate) fn many<T>(number: usize, make: impl Fn() -> T) -> Result<KVVec<T>> {
    let mut all = KVVec::with_capacity(number, GFP_KERNEL)?;
    for _ in 0..number {
        all.push(make(), GFP_KERNEL)?;
    }
    Ok(all)
}
