// SPDX-License-Identifier: GPL-2.0

//! What the rings of all CPUs keep, in the order of its times.

use core::ops::Deref;

use crate::model::{
    records::ring::{At, Ring, Slot},
    word::Word,
};

/// What a ring of slots of `N` words keeps.
pub(crate) trait Entry<const N: usize>: Copy {
    /// From what the ring kept.
    fn from_words(words: &[u64; N]) -> Self;

    /// When it was, by which entries are ordered.
    fn time(&self) -> u64;
}

/// An entry with its place: the CPU it was written on, and how many were written there before.
#[derive(Clone, Copy)]
pub(crate) struct Placed<T> {
    pub(crate) cpu: u32,
    pub(crate) sequence: u64,
    pub(crate) entry: T,
}

/// How far one ring was read.
pub(crate) struct Cursor<T, const N: usize> {
    cpu: u32,
    /// The position to be read next.
    next: u64,
    /// What was read and not taken yet.
    pending: Option<Placed<T>>,
}

impl<T: Entry<N>, const N: usize> Cursor<T, N> {
    /// At the position of a CPU's ring.
    pub(crate) fn at(cpu: u32, next: u64) -> Self {
        Self {
            cpu,
            next,
            pending: None,
        }
    }

    /// The CPU whose ring it is.
    pub(crate) fn cpu(&self) -> u32 {
        self.cpu
    }

    /// Reads the next entry before `end`, if there is none pending; how many there were no more.
    pub(crate) fn advance<W, S>(&mut self, ring: &Ring<W, S>, end: u64) -> u64
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
                    // The writer has been round: on to the oldest that is there now.
                    let oldest = ring.overwritten(ring.head()).clamp(self.next + 1, end);
                    lost += oldest - self.next;
                    self.next = oldest;
                }
            }
        }
        lost
    }
}

/// The time of the oldest of what is pending.
pub(crate) fn oldest<T: Entry<N>, const N: usize>(cursors: &[Cursor<T, N>]) -> Option<u64> {
    cursors
        .iter()
        .filter_map(|cursor| cursor.pending.map(|placed| placed.entry.time()))
        .min()
}

/// Takes the oldest of what is pending.
pub(crate) fn take_oldest<T: Entry<N>, const N: usize>(
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
