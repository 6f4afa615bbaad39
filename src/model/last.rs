// SPDX-License-Identifier: GPL-2.0

//! The last finding on a CPU, published to readers on any other.
//!
//! A sequence count: odd while the writer is at work. A reader takes what it read only if the count
//! was even before and the same after.

use crate::model::{verdict::Verdict, word::Word};

/// A finding as it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// The offset the socket carried.
    pub(crate) offset: u32,
    /// The offset the kernel computed.
    pub(crate) expected: u32,
    /// The verdict on them.
    pub(crate) verdict: Verdict,
}

/// Where one CPU publishes its last finding.
pub(crate) struct Last<W> {
    sequence: W,
    offsets: W,
    verdict: W,
}

/// What a reader got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// Nothing was published yet.
    Nothing,
    /// The writer was faster than the reader, every time.
    Busy,
    /// A finding, whole.
    Finding(Finding),
}

impl<W: Word> Last<W> {
    /// How often a reader tries before it gives up.
    const TRIES: usize = 64;

    /// Nothing published yet.
    pub(crate) fn new() -> Self {
        Self {
            sequence: W::new(0),
            offsets: W::new(0),
            verdict: W::new(0),
        }
    }

    /// Publishes a finding. For the one writer; never waits.
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

    /// Reads the last finding, from any CPU. Never disturbs the writer.
    pub(crate) fn read(&self) -> Read {
        self.read_within(Self::TRIES)
    }

    /// The same with at most so many tries.
    pub(crate) fn read_within(&self, tries: usize) -> Read {
        for _ in 0..tries {
            let before = self.sequence.load_acquire();
            if before == 0 {
                return Read::Nothing;
            }
            // A finding in the making need not be read.
            if before % 2 != 0 {
                continue;
            }
            let offsets = self.offsets.load();
            let verdict = self.verdict.load();
            W::smp_rmb();
            if self.sequence.load() == before {
                return Read::Finding(Finding {
                    offset: (offsets >> 32) as u32,
                    expected: offsets as u32,
                    verdict: Verdict::ALL[verdict as usize],
                });
            }
        }
        Read::Busy
    }
}
