// SPDX-License-Identifier: GPL-2.0

//! The records of all CPUs in the order of their times.

use core::ops::Deref;

use super::{
    record::{
        Record,
        WORDS, //
    },
    ring::{
        At,
        Ring,
        Slot, //
    },
    text::Placed,
    word::Word,
};

/// How far one ring was read.
pub(crate) struct Cursor {
    cpu: u32,
    /// The position to be read next.
    next: u64,
    /// What was read and not taken yet.
    pending: Option<Placed>,
}

impl Cursor {
    /// At the position of a CPU's ring.
    pub(crate) fn at(cpu: u32, next: u64) -> Self {
        Self {
            cpu,
            next,
            pending: None,
        }
    }

    /// Whether it has read a record that was not taken yet.
    pub(crate) fn has_pending(&self) -> bool {
        self.pending.is_some()
    }

    /// Reads the next record before `end`, if there is none pending; how many there were no more.
    pub(crate) fn advance<W, S>(&mut self, ring: &Ring<W, S>, end: u64) -> u64
    where
        W: Word,
        S: Deref<Target = [Slot<W, WORDS>]>,
    {
        let mut lost = 0;
        while self.pending.is_none() && self.next < end {
            match ring.read(self.next) {
                At::Record(words) => {
                    self.pending = Some(Placed {
                        cpu: self.cpu,
                        sequence: self.next,
                        record: Record::from_words(&words),
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

/// Takes the oldest of what is pending.
pub(crate) fn take_oldest(cursors: &mut [Cursor]) -> Option<Placed> {
    cursors
        .iter_mut()
        .filter(|cursor| cursor.pending.is_some())
        .min_by_key(|cursor| cursor.pending.map(|placed| placed.record.time))
        .and_then(|cursor| cursor.pending.take())
}
