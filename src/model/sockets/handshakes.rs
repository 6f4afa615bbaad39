// SPDX-License-Identifier: GPL-2.0

//! The start times and callers of pending handshakes. A second table of this type has the offsets of accepted sockets
//! that differ from the kernel's hash. There, "start" is the establishment, "end" the close, and that offset is kept. A
//! third table has the sockets that a SYN cookie made. There, an address is the cookie, and "end" is the end of SYN_RECV.
//!
//! A table of sets, hashed by the socket's cookie. One compare-and-exchange takes a slot, and nobody waits. The
//! caller learns if no slot is free. The socket lock serializes the state changes of one socket. So CPUs contend only
//! for the slot: its next owner must not write its words before the previous owner has read them.

use core::ops::Deref;

use crate::model::word::Word;

/// Slots of a set. With one word for each socket, a set fills one cache line.
const SLOTS: usize = 4;

/// A slot; free if the cookie is 0, which no socket has.
struct Waiting<W, const N: usize> {
    cookie: W,
    words: [W; N],
}

/// Slots for sockets with the same hash, with `N` words for each socket.
#[repr(align(64))]
pub(crate) struct Bucket<W, const N: usize> {
    slots: [Waiting<W, N>; SLOTS],
}

impl<W: Word, const N: usize> Bucket<W, N> {
    /// Returns a set of free slots.
    pub(crate) fn new() -> Self {
        Self {
            slots: [(); SLOTS].map(|()| Waiting {
                cookie: W::new(0),
                words: [(); N].map(|()| W::new(0)),
            }),
        }
    }

    /// Returns the slot of a socket.
    #[inline(always)]
    fn of(&self, cookie: u64) -> Option<&Waiting<W, N>> {
        self.slots.iter().find(|slot| slot.cookie.load() == cookie)
    }

    /// Takes a free slot for a socket.
    #[inline(always)]
    #[allow(
        clippy::manual_find,
        reason = "its closure would be a symbol, and a call, of its own"
    )]
    fn take(&self, cookie: u64) -> Option<&Waiting<W, N>> {
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

/// Spreads consecutive numbers: the multiplier is 2^64 divided by the golden ratio.
pub(crate) fn spread(cookie: u64) -> u64 {
    cookie.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32
}

impl<W: Word, const N: usize, S: Deref<Target = [Bucket<W, N>]>> Handshakes<S> {
    /// Returns a table over these sets; their number is a power of two.
    pub(crate) fn new(sets: S) -> Self {
        Self { sets }
    }

    /// Returns the number of sets for `sockets` concurrent sockets.
    pub(crate) fn sets_for(sockets: u32) -> usize {
        (sockets as usize).div_ceil(SLOTS).next_power_of_two()
    }

    /// Returns the number of slots.
    pub(crate) fn room(&self) -> u64 {
        (self.sets.len() * SLOTS) as u64
    }

    fn set(&self, cookie: u64) -> &Bucket<W, N> {
        &self.sets[spread(cookie) as usize & (self.sets.len() - 1)]
    }

    /// Stores a socket's words. Returns whether there was a slot for it. A socket that begins again without an end
    /// keeps its slot.
    // Inlined into the handlers: a check counts their marked accesses.
    #[inline(always)]
    pub(crate) fn start(&self, cookie: u64, words: &[u64; N]) -> bool {
        let set = self.set(cookie);
        let slot = match set.of(cookie) {
            Some(slot) => Some(slot),
            None => set.take(cookie),
        };
        match slot {
            Some(slot) => {
                for (place, &word) in slot.words.iter().zip(words) {
                    place.store(word);
                }
                true
            }
            None => false,
        }
    }

    /// Frees the slot of a socket that has ended. Returns its words, or `None` without a slot.
    #[inline(always)]
    pub(crate) fn end(&self, cookie: u64) -> Option<[u64; N]> {
        let slot = self.set(cookie).of(cookie)?;
        let words = core::array::from_fn(|i| slot.words[i].load());
        slot.cookie.store_release(0);
        Some(words)
    }

    /// Counts the taken slots, one by one.
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
