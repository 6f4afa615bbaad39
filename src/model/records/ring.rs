// SPDX-License-Identifier: GPL-2.0

//! The last records of one CPU, published to readers on any other.
//!
//! One writer, which overwrites the oldest and never waits. Every slot has a sequence of its own, odd
//! while it is being written and telling for which position it was written last: a reader that finds the
//! one it wants before and after copying has a whole record, and one that does not knows that the writer
//! has been round.

use core::ops::Deref;

use crate::model::word::Word;

/// Bytes of a slot of either kind.
const SLOT: usize = 128;

/// The most that the rings of all CPUs may take, in bytes.
pub(crate) const MOST_BYTES: usize = 256 << 20;

/// Bytes of so many rings with so many slots each for each of so many CPUs.
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
    /// Never written.
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
    // How many were written, ever: the position of the next.
    head: W,
    slots: S,
}

/// What is at a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At<const N: usize> {
    /// Nothing has been written there yet.
    Nothing,
    /// A whole record.
    Record([u64; N]),
    /// It was overwritten.
    Overwritten,
}

impl<W: Word, const N: usize, S: Deref<Target = [Slot<W, N>]>> Ring<W, S> {
    /// An empty ring over these slots, of which there has to be a power of two.
    pub(crate) fn new(slots: S) -> Self {
        Self {
            head: W::new(0),
            slots,
        }
    }

    fn slot(&self, position: u64) -> &Slot<W, N> {
        &self.slots[position as usize & (self.slots.len() - 1)]
    }

    /// What a slot's sequence is once the record of that position is whole.
    fn whole(position: u64) -> u64 {
        position.wrapping_mul(2).wrapping_add(2)
    }

    /// Writes a record over the oldest one. For the one writer; never waits.
    #[inline(always)]
    pub(crate) fn push(&self, record: &[u64; N]) {
        let position = self.head.own();
        let slot = self.slot(position);

        slot.sequence.store(Self::whole(position).wrapping_sub(1));
        W::smp_wmb();
        for (word, value) in slot.words.iter().zip(record) {
            word.store(*value);
        }
        slot.sequence.store_release(Self::whole(position));
        self.head.store_release(position.wrapping_add(1));
    }

    /// How many records were written: the position of the next. What is before it, is whole or was
    /// overwritten.
    #[inline]
    pub(crate) fn head(&self) -> u64 {
        self.head.load_acquire()
    }

    /// How many of `head` records cannot be read any more, or not for long.
    pub(crate) fn overwritten(&self, head: u64) -> u64 {
        head.saturating_sub(self.slots.len() as u64)
    }

    /// How many records can be read now, counted one by one.
    pub(crate) fn readable(&self) -> u64 {
        let whole = |slot: &&Slot<W, N>| {
            let sequence = slot.sequence.load_acquire();
            sequence != 0 && sequence % 2 == 0
        };
        self.slots.iter().filter(whole).count() as u64
    }

    /// Copies the record of a position. From any CPU; never disturbs the writer, never waits.
    pub(crate) fn read(&self, position: u64) -> At<N> {
        let slot = self.slot(position);
        let before = slot.sequence.load_acquire();

        if before < Self::whole(position) {
            // Never written, of an earlier round, or being written: not published at any rate.
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
