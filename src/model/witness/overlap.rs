// SPDX-License-Identifier: GPL-2.0

//! Which lockless reads overlapped a connect of the same socket.
//!
//! A table of what is in flight: connects and reads, by their socket's address. Whoever begins first
//! takes a slot, which is a full barrier, and then looks for the other kind: of two that overlap, at
//! least one finds the other. A connect that finds a read marks it; a read looks again when it ends, and
//! for its mark. So a connect that came and went within one read is not missed either.
//!
//! The table is bounded and nobody waits: who finds no slot goes uncounted, and says so.

use core::ops::Deref;

use crate::model::{
    witness::torn::{Findings, Seen},
    word::Word,
};

/// Places for sockets whose addresses hash to the same set.
const WAYS: usize = 4;

/// A socket's address is a multiple of 8: the rest tells what is in flight.
const CONNECT: u64 = 1;
const READ: u64 = 2;
/// Of a read: a connect has found it.
const FOUND: u64 = 4;

/// One set. What everybody searches is in its first cache line.
#[repr(align(64))]
pub(crate) struct Set<W> {
    /// Who is in flight here; 0: free.
    owners: [W; WAYS],
    /// Odd while the connect here is whole: begun, and not about to end.
    generations: [W; WAYS],
    seen: [Seen<W>; WAYS],
}

impl<W: Word> Set<W> {
    /// All of it free.
    pub(crate) fn new() -> Self {
        Self {
            owners: [(); WAYS].map(|()| W::new(0)),
            generations: [(); WAYS].map(|()| W::new(0)),
            seen: [(); WAYS].map(|()| Seen::new()),
        }
    }

    /// Takes a free slot. A full barrier where there is one.
    #[inline]
    fn take(&self, owner: u64) -> Option<usize> {
        for (way, slot) in self.owners.iter().enumerate() {
            if slot.load() == 0 && slot.compare_exchange(0, owner) {
                return Some(way);
            }
        }
        None
    }

    /// The socket's connect, if it is in flight.
    #[inline]
    fn connect_of(&self, socket: u64) -> Option<Sighting> {
        (0..WAYS)
            .find(|&way| self.owners[way].load_acquire() == socket | CONNECT)
            .map(|way| Sighting {
                way,
                generation: self.generations[way].load_acquire(),
            })
    }

    // Here, and not with the table: symbols are named by all types that a function is generic over, and some readers of kallsyms have
    // room for 255 characters.

    /// As the table's.
    fn read_begins(&self, socket: u64, look: impl FnOnce() -> u32) -> Read {
        let way = self.take(socket | READ);
        let connect = self.connect_of(socket);

        Read {
            way,
            connect,
            judged: self.keep(connect, look),
        }
    }

    /// As the table's.
    fn read_ends(&self, socket: u64, read: Read, look: impl FnOnce() -> u32) -> Overlap {
        // What the kernel read meanwhile it read before what follows.
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

    /// Looks at the field while the connect is in flight, for its return to judge.
    fn keep(&self, connect: Option<Sighting>, look: impl FnOnce() -> u32) -> bool {
        connect.is_some_and(|connect| {
            connect.is_whole() && self.seen[connect.way].keep(connect.generation, look())
        })
    }
}

/// A connect that was seen in flight.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Sighting {
    way: usize,
    generation: u64,
}

impl Sighting {
    /// Whether all that is kept of the connect belongs to it.
    fn is_whole(self) -> bool {
        self.generation % 2 == 1
    }
}

/// A connect's slot.
#[derive(Clone, Copy)]
pub(crate) struct Connect {
    way: usize,
}

/// What a read remembers from its start to its end.
#[derive(Clone, Copy)]
pub(crate) struct Read {
    way: Option<usize>,
    connect: Option<Sighting>,
    judged: bool,
}

impl Read {
    /// Whether it found no slot, so that a connect within it may go unnoticed.
    pub(crate) fn has_no_slot(&self) -> bool {
        self.way.is_none()
    }
}

/// How a read lay to the connects of its socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overlap {
    /// Beside them.
    None,
    /// The two were in flight at the same time.
    Possible {
        /// All of the read lay within one connect.
        certain: bool,
        /// The value the read saw is judged when the connect returns.
        judged: bool,
    },
}

/// The table.
pub(crate) struct Overlaps<S> {
    sets: S,
}

impl<W: Word, S: Deref<Target = [Set<W>]>> Overlaps<S> {
    /// From its sets, a power of two.
    pub(crate) fn new(sets: S) -> Self {
        Self { sets }
    }

    /// How many sets it takes to follow so many calls at once with slots to spare.
    pub(crate) fn sets_for(calls: u32) -> usize {
        calls.next_power_of_two() as usize
    }

    fn set(&self, socket: u64) -> &Set<W> {
        // Knuth's multiplicative hash, with the kernel's constant (GOLDEN_RATIO_64, include/linux/hash.h);
        // its upper half is the better mixed one.
        let hash = socket.wrapping_mul(0x61c8_8646_80b5_83eb) >> 32;
        &self.sets[hash as usize & (self.sets.len() - 1)]
    }

    /// A connect begins: `before` is the field's value. `None`: there is no slot for it.
    #[inline]
    pub(crate) fn connect_begins(&self, socket: usize, before: u32) -> Option<Connect> {
        let socket = socket as u64;
        let set = self.set(socket);
        let way = set.take(socket | CONNECT)?;
        // The slot is ours, and so is what the last owner wrote before it let go.
        let generation = set.generations[way].own().wrapping_add(1);

        set.seen[way].open(generation, before);
        set.generations[way].store_release(generation);
        for owner in &set.owners {
            if owner.load() == socket | READ {
                // Where this fails, the read has just ended, or another reader of the socket has its
                // slot, which finds us when it looks.
                owner.compare_exchange(socket | READ, socket | READ | FOUND);
            }
        }
        Some(Connect { way })
    }

    /// It ends: `after` is the field's value. What is found about reads meanwhile.
    #[inline]
    pub(crate) fn connect_ends(&self, socket: usize, connect: Connect, after: u32) -> Findings {
        let set = self.set(socket as u64);
        let way = connect.way;
        let findings = set.seen[way].close(after);

        // First nothing within it is certain any more, then it is gone.
        set.generations[way].bump_release();
        set.owners[way].store_release(0);
        findings
    }

    /// A read begins; `look` reads the field.
    #[inline(always)]
    pub(crate) fn read_begins(&self, socket: usize, look: impl FnOnce() -> u32) -> Read {
        let socket = socket as u64;
        self.set(socket).read_begins(socket, look)
    }

    /// It ends.
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
