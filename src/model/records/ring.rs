// SPDX-License-Identifier: GPL-2.0

//! The last records of one CPU, published to readers on any CPU.
//!
//! The ring has one writer, which overwrites the oldest record and never waits. Every slot has a sequence count: odd
//! during a write. Its value names the position of the last write. A reader that sees the expected count before and
//! after the copy has a whole record. Otherwise the writer has reused the slot.

use core::ops::Deref;

use crate::model::word::Word;

/// Bytes of a slot, of either kind.
const SLOT: usize = 128;

/// Limit for the rings of all CPUs, in bytes.
pub(crate) const MOST_BYTES: usize = 256 << 20;

/// Returns the size in bytes: `rings` rings for each CPU, with `slots` slots each.
pub(crate) fn bytes(slots: u32, cpus: usize, rings: usize) -> usize {
    (slots as usize)
        .saturating_mul(SLOT)
        .saturating_mul(cpus)
        .saturating_mul(rings)
}

/// One slot of `N` words.
#[repr(align(64))]
pub(crate) struct Slot<W, const N: usize> {
    sequence: W,
    words: [W; N],
}

impl<W: Word, const N: usize> Slot<W, N> {
    /// Returns an empty slot.
    pub(crate) fn new() -> Self {
        Self {
            sequence: W::new(0),
            words: [(); N].map(|()| W::new(0)),
        }
    }
}

/// A ring over a power of two of slots.
#[repr(align(64))]
pub(crate) struct Ring<W, S> {
    // Number of records ever written: the position of the next one.
    head: W,
    slots: S,
}

/// A record that is being written.
#[must_use = "readers get the record after `end`"]
pub(crate) struct Write<'a, W, const N: usize> {
    /// The slot's words.
    pub(crate) words: &'a [W; N],
    sequence: &'a W,
    whole: u64,
    head: &'a W,
    next: u64,
}

impl<W: Word, const N: usize> Write<'_, W, N> {
    /// Publishes the record.
    #[inline(always)]
    pub(crate) fn end(self) {
        self.sequence.store_release(self.whole);
        self.head.store_release(self.next);
    }
}

/// The contents of a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At<const N: usize> {
    /// No record was written there yet.
    Nothing,
    /// A whole record.
    Record([u64; N]),
    /// A later record has replaced it.
    Overwritten,
}

impl<W: Word, const N: usize, S: Deref<Target = [Slot<W, N>]>> Ring<W, S> {
    /// Returns an empty ring over these slots; their number is a power of two.
    pub(crate) fn new(slots: S) -> Self {
        Self {
            head: W::new(0),
            slots,
        }
    }

    fn slot(&self, position: u64) -> &Slot<W, N> {
        &self.slots[position as usize & (self.slots.len() - 1)]
    }

    /// Returns the sequence count of a slot with the whole record of that position.
    fn whole(position: u64) -> u64 {
        position.wrapping_mul(2).wrapping_add(2)
    }

    /// Writes a record over the oldest one. Only the CPU that owns the ring calls it. Never waits.
    #[inline(always)]
    pub(crate) fn push(&self, record: &[u64; N]) {
        let write = self.begin();
        for (word, value) in write.words.iter().zip(record) {
            word.store(*value);
        }
        write.end();
    }

    /// Begins to write a record over the oldest one, as [`push`](Self::push). A read that begins later gets no record from
    /// the slot until [`Write::end`]. One write at a time: the handlers of a CPU do not nest.
    #[inline(always)]
    pub(crate) fn begin(&self) -> Write<'_, W, N> {
        let position = self.head.own();
        let slot = self.slot(position);
        let whole = Self::whole(position);

        slot.sequence.store(whole.wrapping_sub(1));
        W::smp_wmb();
        Write {
            words: &slot.words,
            sequence: &slot.sequence,
            whole,
            head: &self.head,
            next: position.wrapping_add(1),
        }
    }

    /// Returns the number of records written: the position of the next one. Records before it are whole or
    /// overwritten.
    #[inline]
    pub(crate) fn head(&self) -> u64 {
        self.head.load_acquire()
    }

    /// Returns how many of `head` records are overwritten. The oldest remaining record can be overwritten at any
    /// time.
    pub(crate) fn overwritten(&self, head: u64) -> u64 {
        head.saturating_sub(self.slots.len() as u64)
    }

    /// Counts the records that can be read now, slot by slot.
    pub(crate) fn readable(&self) -> u64 {
        let whole = |slot: &&Slot<W, N>| {
            let sequence = slot.sequence.load_acquire();
            sequence != 0 && sequence % 2 == 0
        };
        self.slots.iter().filter(whole).count() as u64
    }

    /// Copies the record of a position. Runs on any CPU, does not disturb the writer and never waits.
    pub(crate) fn read(&self, position: u64) -> At<N> {
        let slot = self.slot(position);
        let before = slot.sequence.load_acquire();

        if before < Self::whole(position) {
            // Not published: the slot is empty, has an older record, or a write is in progress.
            return At::Nothing;
        }
        if before > Self::whole(position) {
            return At::Overwritten;
        }
        let record = core::array::from_fn(|i| slot.words[i].load());
        W::smp_rmb();
        if slot.sequence.load() == before {
            At::Record(record)
        } else {
            At::Overwritten
        }
    }
}
