// SPDX-License-Identifier: GPL-2.0

//! The records of all CPUs' rings, merged by time.

use core::ops::Deref;

use crate::model::{
    records::ring::{At, Ring, Slot},
    word::Word,
};

/// An entry of a ring with slots of `N` words.
pub(crate) trait Sequenced<const N: usize>: Copy {
    /// Converts from the words in the ring.
    fn from_words(words: &[u64; N]) -> Self;

    /// Returns the time by which entries are ordered.
    fn time(&self) -> u64;
}

/// An entry with its CPU and its position in that CPU's ring.
#[derive(Clone, Copy)]
pub(crate) struct Placed<T> {
    pub(crate) cpu: u32,
    pub(crate) sequence: u64,
    pub(crate) entry: T,
}

/// The read position in one ring.
pub(crate) struct Cursor<T, const N: usize> {
    cpu: u32,
    /// The position of the next read.
    next: u64,
    /// An entry that was read and not taken.
    pending: Option<Placed<T>>,
}

impl<T: Sequenced<N>, const N: usize> Cursor<T, N> {
    /// Returns a cursor at a position of a CPU's ring.
    pub(crate) fn at(cpu: u32, next: u64) -> Self {
        Self {
            cpu,
            next,
            pending: None,
        }
    }

    /// Returns the CPU of the ring.
    pub(crate) fn cpu(&self) -> u32 {
        self.cpu
    }

    /// Reads the next entry before `end` if none is pending. Returns the number of entries lost to the writer.
    pub(crate) fn fill<W, S>(&mut self, ring: &Ring<W, S>, end: u64) -> u64
    where
        W: Word,
        S: Deref<Target = [Slot<W, N>]>,
    {
        let mut lost = 0;
        while self.pending.is_none() && self.next < end {
            match ring.read(self.next) {
                At::Record(words) => {
                    self.pending = Some(Placed {
                        cpu: self.cpu,
                        sequence: self.next,
                        entry: T::from_words(&words),
                    });
                    self.next += 1;
                }
                At::Overwritten | At::Nothing => {
                    // The writer has overtaken the reader: continue with the oldest record.
                    let oldest = ring.overwritten(ring.head()).clamp(self.next + 1, end);
                    lost += oldest - self.next;
                    self.next = oldest;
                }
            }
        }
        lost
    }
}

/// Returns the time of the oldest pending entry.
pub(crate) fn oldest<T: Sequenced<N>, const N: usize>(cursors: &[Cursor<T, N>]) -> Option<u64> {
    cursors
        .iter()
        .filter_map(|cursor| cursor.pending.map(|placed| placed.entry.time()))
        .min()
}

/// Takes the oldest pending entry.
pub(crate) fn take_oldest<T: Sequenced<N>, const N: usize>(
    cursors: &mut [Cursor<T, N>],
) -> Option<Placed<T>> {
    let oldest = oldest(cursors)?;
    cursors
        .iter_mut()
        .find(|cursor| {
            cursor
                .pending
                .is_some_and(|placed| placed.entry.time() == oldest)
        })
        .and_then(|cursor| cursor.pending.take())
}
