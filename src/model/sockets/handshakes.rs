// SPDX-License-Identifier: GPL-2.0

//! When each socket that waits for its peer's answer began to. Likewise, which offset each accepted socket has that another than the kernel
//! chose: then "start" is its establishment, "end" its close, and the time that offset.
//!
//! A table of sets, hashed by the socket's cookie. A slot is taken by one compare-and-exchange and nobody
//! ever waits; who finds none is told so. One socket's changes of state come one after the other, under its
//! lock, so that only the slot itself is between CPUs: its next owner must not write the time before the
//! last one has read its own.

use core::ops::Deref;

use crate::model::word::Word;

/// Places of a set: a set fills one cache line.
const SLOTS: usize = 4;

/// A slot: free where the cookie is 0, which no socket has.
struct Waiting<W> {
    cookie: W,
    start: W,
}

/// Sockets that hash alike.
#[repr(align(64))]
pub(crate) struct Set<W> {
    slots: [Waiting<W>; SLOTS],
}

impl<W: Word> Set<W> {
    /// All free.
    pub(crate) fn new() -> Self {
        Self {
            slots: [(); SLOTS].map(|()| Waiting {
                cookie: W::new(0),
                start: W::new(0),
            }),
        }
    }

    /// The socket's slot.
    #[inline(always)]
    fn of(&self, cookie: u64) -> Option<&Waiting<W>> {
        self.slots.iter().find(|slot| slot.cookie.load() == cookie)
    }

    /// A free slot, taken for the socket.
    #[inline(always)]
    #[allow(
        clippy::manual_find,
        reason = "its closure would be a symbol, and a call, of its own"
    )]
    fn take(&self, cookie: u64) -> Option<&Waiting<W>> {
        for slot in &self.slots {
            if slot.cookie.load() == 0 && slot.cookie.compare_exchange(0, cookie) {
                return Some(slot);
            }
        }
        None
    }
}

/// The table, over a power of two of sets.
pub(crate) struct Handshakes<S> {
    sets: S,
}

/// Spreads numbers that follow one another: the multiplier is 2^64 divided by the golden ratio.
pub(crate) fn spread(cookie: u64) -> u64 {
    cookie.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32
}

impl<W: Word, S: Deref<Target = [Set<W>]>> Handshakes<S> {
    /// Over these sets, of which there has to be a power of two.
    pub(crate) fn new(sets: S) -> Self {
        Self { sets }
    }

    /// How many sets so many sockets at once need.
    pub(crate) fn sets_for(sockets: u32) -> usize {
        (sockets as usize).div_ceil(SLOTS).next_power_of_two()
    }

    /// Sockets that there is room for, if they hash well.
    pub(crate) fn room(&self) -> u64 {
        (self.sets.len() * SLOTS) as u64
    }

    fn set(&self, cookie: u64) -> &Set<W> {
        &self.sets[spread(cookie) as usize & (self.sets.len() - 1)]
    }

    /// A socket begins at this time; says whether there was a slot for it. A socket that begins a second time
    /// without having ended keeps its slot.
    // Within the handlers, whose marked accesses are counted.
    #[inline(always)]
    pub(crate) fn start(&self, cookie: u64, time: u64) -> bool {
        let set = self.set(cookie);
        let slot = match set.of(cookie) {
            Some(slot) => Some(slot),
            None => set.take(cookie),
        };
        match slot {
            Some(slot) => {
                slot.start.store(time);
                true
            }
            None => false,
        }
    }

    /// It has ended: when it began, where that is known.
    #[inline(always)]
    pub(crate) fn end(&self, cookie: u64) -> Option<u64> {
        let slot = self.set(cookie).of(cookie)?;
        let start = slot.start.load();
        slot.cookie.store_release(0);
        Some(start)
    }

    /// Places that are taken, counted one by one.
    pub(crate) fn pending(&self) -> u64 {
        let mut taken = 0;
        for set in self.sets.iter() {
            for slot in &set.slots {
                taken += u64::from(slot.cookie.load() != 0);
            }
        }
        taken
    }
}
