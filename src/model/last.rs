// SPDX-License-Identifier: GPL-2.0

//! The last finding of a CPU, published to readers on any CPU.
//!
//! A sequence count protects it: odd during a write. A reader accepts its values only if the count was even before
//! and is unchanged after.

use crate::model::{verdict::Verdict, word::Word};

/// A finding, as `last` shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// The socket's offset.
    pub(crate) offset: u32,
    /// The expected offset.
    pub(crate) expected: u32,
    /// The verdict.
    pub(crate) verdict: Verdict,
}

/// The slot in which one CPU publishes its last finding.
pub(crate) struct Last<W> {
    sequence: W,
    offsets: W,
    verdict: W,
}

/// The result of a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Snapshot {
    /// No finding was published yet.
    Nothing,
    /// The writer changed the slot during every try.
    Busy,
    /// A whole finding.
    Finding(Finding),
}

impl<W: Word> Last<W> {
    /// Number of tries of a read.
    const TRIES: usize = 64;

    /// Returns an empty slot.
    pub(crate) fn new() -> Self {
        Self {
            sequence: W::new(0),
            offsets: W::new(0),
            verdict: W::new(0),
        }
    }

    /// Publishes a finding. Only the CPU that owns the slot calls it. Never waits.
    #[inline]
    pub(crate) fn publish(&self, finding: Finding) {
        let sequence = self.sequence.own();

        self.sequence.store(sequence.wrapping_add(1));
        W::smp_wmb();
        self.offsets
            .store((u64::from(finding.offset) << 32) | u64::from(finding.expected));
        self.verdict.store(finding.verdict as u64);
        self.sequence.store_release(sequence.wrapping_add(2));
    }

    /// Reads the last finding, on any CPU. Does not disturb the writer.
    pub(crate) fn read(&self) -> Snapshot {
        self.read_within(Self::TRIES)
    }

    /// Reads the last finding in at most `tries` tries.
    pub(crate) fn read_within(&self, tries: usize) -> Snapshot {
        for _ in 0..tries {
            let before = self.sequence.load_acquire();
            if before == 0 {
                return Snapshot::Nothing;
            }
            // A write is in progress: try again.
            if before % 2 != 0 {
                continue;
            }
            let offsets = self.offsets.load();
            let verdict = self.verdict.load();
            W::smp_rmb();
            if self.sequence.load() == before {
                return Snapshot::Finding(Finding {
                    offset: (offsets >> 32) as u32,
                    expected: offsets as u32,
                    verdict: Verdict::ALL[verdict as usize],
                });
            }
        }
        Snapshot::Busy
    }
}
