// SPDX-License-Identifier: GPL-2.0

//! Detection of lockless reads that overlap a connect of the same socket.
//!
//! A table has the connects and reads in flight, by their socket's address. Each takes a slot first, which is a full
//! barrier, and then looks for the other kind. So of two that overlap, at least one finds the other. A connect that
//! finds a read marks it. A read looks again at its end, and checks its mark. So the table also detects a connect
//! that begins and ends within one read.
//!
//! The table is bounded and nobody waits. A call without a slot is not checked; it counts as an overflow.

use core::{num::NonZeroU8, ops::Deref};

use crate::model::{
    witness::torn::{Findings, Seen},
    word::Word,
};

/// Slots of a set, for sockets with the same hash.
const WAYS: usize = 4;

/// A socket's address is a multiple of 8: the low bits tell the kind of call.
const CONNECT: u64 = 1;
const READ: u64 = 2;
/// Mark of a read that a connect has found.
const FOUND: u64 = 4;

/// One set. Its first cache line has all that a search loads.
#[repr(align(64))]
pub(crate) struct Set<W> {
    /// The sockets in flight, with the kind of call; 0: free.
    owners: [W; WAYS],
    /// Odd from the start of the slot's connect until just before its end.
    generations: [W; WAYS],
    seen: [Seen<W>; WAYS],
}

impl<W: Word> Set<W> {
    /// Returns a set of free slots.
    pub(crate) fn new() -> Self {
        Self {
            owners: [(); WAYS].map(|()| W::new(0)),
            generations: [(); WAYS].map(|()| W::new(0)),
            seen: [(); WAYS].map(|()| Seen::new()),
        }
    }

    /// Takes a free slot, with a full barrier. Returns `None` without a barrier if no slot is free.
    #[inline]
    fn take(&self, owner: u64) -> Option<usize> {
        for (way, slot) in self.owners.iter().enumerate() {
            if slot.load() == 0 && slot.compare_exchange(0, owner) {
                return Some(way);
            }
        }
        None
    }

    /// Returns the connect of the socket if it is in flight.
    #[inline]
    fn connect_of(&self, socket: u64) -> Option<Sighting> {
        (0..WAYS)
            .find(|&way| self.owners[way].load_acquire() == socket | CONNECT)
            .map(|way| Sighting {
                way,
                generation: self.generations[way].load_acquire(),
            })
    }

    // These functions belong to the set and not to the table: a symbol contains all generic types of its function.
    // Some readers of kallsyms have room for 255 characters only.

    /// See [`Overlaps::read_begins`].
    fn read_begins(&self, socket: u64, look: impl FnOnce() -> u32) -> Read {
        let way = self.take(socket | READ);
        let connect = self.connect_of(socket);

        Read {
            way,
            connect,
            judged: self.keep(connect, look),
        }
    }

    /// See [`Overlaps::read_ends`].
    fn read_ends(&self, socket: u64, read: Read, look: impl FnOnce() -> u32) -> Overlap {
        // Orders the kernel's loads of the field before the loads below.
        W::smp_rmb();
        let connect = self.connect_of(socket);
        let judged = read.judged || self.keep(connect, look);
        let found = read
            .way
            .is_some_and(|way| self.owners[way].exchange(0) & FOUND != 0);

        if read.connect.is_none() && connect.is_none() && !found {
            return Overlap::None;
        }
        Overlap::Possible {
            certain: connect == read.connect && connect.is_some_and(Sighting::is_whole),
            judged,
        }
    }

    /// Loads the field while the connect is in flight and keeps the value. The return of the connect judges it.
    fn keep(&self, connect: Option<Sighting>, look: impl FnOnce() -> u32) -> bool {
        connect.is_some_and(|connect| {
            connect.is_whole() && self.seen[connect.way].keep(connect.generation, look())
        })
    }
}

/// A connect that a read has seen in flight.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Sighting {
    way: usize,
    generation: u64,
}

impl Sighting {
    /// Returns whether the connect had begun and was not about to end.
    fn is_whole(self) -> bool {
        self.generation % 2 == 1
    }
}

/// A connect's slot.
#[derive(Clone, Copy)]
pub(crate) struct Connect {
    // The index in a set, plus 1: an `Option` of it is one byte of a call's data.
    number: NonZeroU8,
}

impl Connect {
    #[inline]
    fn at(way: usize) -> Option<Self> {
        let number = NonZeroU8::new(way as u8 + 1)?;
        Some(Self { number })
    }

    #[inline]
    fn way(self) -> usize {
        usize::from(self.number.get()) - 1
    }
}

const _: () = assert!(WAYS < 1 << u8::BITS);

/// The state of a read from its start to its end.
#[derive(Clone, Copy)]
pub(crate) struct Read {
    way: Option<usize>,
    connect: Option<Sighting>,
    judged: bool,
}

impl Read {
    /// Returns whether the read has no slot: then a connect within it can remain undetected.
    pub(crate) fn has_no_slot(&self) -> bool {
        self.way.is_none()
    }
}

/// The overlap of a read with the connects of its socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overlap {
    /// No overlap.
    None,
    /// The read and a connect were in flight at the same time.
    Possible {
        /// The whole read was within one connect.
        certain: bool,
        /// The connect judges the value of the read at its return.
        judged: bool,
    },
}

/// The table of calls in flight.
pub(crate) struct Overlaps<S> {
    sets: S,
}

impl<W: Word, S: Deref<Target = [Set<W>]>> Overlaps<S> {
    /// Returns a table over these sets; their number is a power of two.
    pub(crate) fn new(sets: S) -> Self {
        Self { sets }
    }

    /// Returns the number of sets for `calls` concurrent calls, with spare slots.
    pub(crate) fn sets_for(calls: u32) -> usize {
        calls.next_power_of_two() as usize
    }

    fn set(&self, socket: u64) -> &Set<W> {
        // Knuth's multiplicative hash, with the kernel's constant (GOLDEN_RATIO_64, include/linux/hash.h). Its upper
        // half is mixed better.
        let hash = socket.wrapping_mul(0x61c8_8646_80b5_83eb) >> 32;
        &self.sets[hash as usize & (self.sets.len() - 1)]
    }

    /// Begins a connect; `before` is the value of the field. Returns `None` if no slot is free.
    #[inline]
    pub(crate) fn connect_begins(&self, socket: usize, before: u32) -> Option<Connect> {
        let socket = socket as u64;
        let set = self.set(socket);
        let way = set.take(socket | CONNECT)?;
        // The slot is ours, and the writes of its last owner are visible.
        let generation = set.generations[way].own().wrapping_add(1);

        set.seen[way].open(generation, before);
        set.generations[way].store_release(generation);
        for owner in &set.owners {
            if owner.load() == socket | READ {
                // If this fails, the read has just ended, or another read of the socket has its slot. That read looks
                // after this connect took its slot, and finds it.
                owner.compare_exchange(socket | READ, socket | READ | FOUND);
            }
        }
        Connect::at(way)
    }

    /// Ends a connect; `after` is the value of the field. Returns the findings about overlapping reads.
    #[inline]
    pub(crate) fn connect_ends(&self, socket: usize, connect: Connect, after: u32) -> Findings {
        let set = self.set(socket as u64);
        let way = connect.way();
        let findings = set.seen[way].close(after);

        // First end the certainty of new overlaps, then free the slot.
        set.generations[way].bump_release();
        set.owners[way].store_release(0);
        findings
    }

    /// Begins a read; `look` loads the field.
    #[inline(always)]
    pub(crate) fn read_begins(&self, socket: usize, look: impl FnOnce() -> u32) -> Read {
        let socket = socket as u64;
        self.set(socket).read_begins(socket, look)
    }

    /// Ends a read; `look` loads the field. Returns its overlap with connects.
    #[inline(always)]
    pub(crate) fn read_ends(
        &self,
        socket: usize,
        read: Read,
        look: impl FnOnce() -> u32,
    ) -> Overlap {
        let socket = socket as u64;
        self.set(socket).read_ends(socket, read, look)
    }
}
