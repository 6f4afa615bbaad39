// SPDX-License-Identifier: GPL-2.0

//! The last finding of a CPU, published to readers on any CPU.
//!
//! A match, the finding of nearly all connects, is one word. Other findings are two words, which a sequence count
//! protects: odd during a write. A reader accepts the words only if the count was even before and is unchanged after.

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

// The lower half of `kind`. With `NOTHING` and `OTHER`, the upper half is 0.
const NOTHING: u64 = 0;
const OTHER: u64 = 1;
const MATCH: u64 = 2;

/// The slot in which one CPU publishes its last finding.
pub(crate) struct Last<W> {
    /// `NOTHING`, `OTHER`, or a match: its offset in the upper half, `MATCH` in the lower half.
    kind: W,
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
            kind: W::new(NOTHING),
            sequence: W::new(0),
            offsets: W::new(0),
            verdict: W::new(0),
        }
    }

    /// Publishes a finding. Only the CPU that owns the slot calls it. Never waits.
    #[inline]
    pub(crate) fn publish(&self, finding: Finding) {
        if finding.verdict == Verdict::Match {
            self.kind.store((u64::from(finding.offset) << 32) | MATCH);
        } else {
            self.publish_other(finding.offset, finding.expected, finding.verdict);
        }
    }

    // Not inlined, so the common path stays short. It takes no `Finding`: the common path would keep one in memory.
    #[inline(never)]
    fn publish_other(&self, offset: u32, expected: u32, verdict: Verdict) {
        let sequence = self.sequence.own();

        self.sequence.store(sequence.wrapping_add(1));
        W::smp_wmb();
        // A reader that sees this kind sees this write's sequence, or a later one, in its last load. A reader that
        // acquires the even sequence sees this kind: the next finding that it reads is no earlier one.
        self.kind.store(OTHER);
        self.offsets
            .store((u64::from(offset) << 32) | u64::from(expected));
        self.verdict.store(verdict as u64);
        self.sequence.store_release(sequence.wrapping_add(2));
    }

    /// Reads the last finding, on any CPU. Does not disturb the writer.
    pub(crate) fn read(&self) -> Snapshot {
        self.read_within(Self::TRIES)
    }

    /// Reads the last finding in at most `tries` tries.
    pub(crate) fn read_within(&self, tries: usize) -> Snapshot {
        for _ in 0..tries {
            let kind = self.kind.load();
            if kind == NOTHING {
                return Snapshot::Nothing;
            }
            if kind != OTHER {
                let offset = (kind >> 32) as u32;
                return Snapshot::Finding(Finding {
                    offset,
                    expected: offset,
                    verdict: Verdict::Match,
                });
            }
            let before = self.sequence.load_acquire();
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
