// SPDX-License-Identifier: GPL-2.0

//! The steps of the wall clock.
//!
//! `CLOCK_REALTIME` and `CLOCK_BOOTTIME` run at the same rate, through suspend as well. Their difference changes only
//! where somebody sets the wall clock, and at a leap second. The last steps therefore yield the wall-clock time of
//! each record, and no record has to keep it.

use crate::model::word::Word;

/// Number of slots. The oldest can be in the middle of a write, so one step less is readable.
pub(crate) const SLOTS: usize = 64;

/// A step.
struct Step<W> {
    /// `CLOCK_BOOTTIME` of the step, in nanoseconds.
    since: W,
    /// `CLOCK_REALTIME` minus `CLOCK_BOOTTIME` from the step on, in nanoseconds, modulo 2^64.
    difference: W,
}

/// The last steps, over `N` slots: one writer at a time, and readers on any CPU.
pub(crate) struct ClockSteps<W, const N: usize> {
    // Number of steps ever written.
    count: W,
    steps: [Step<W>; N],
}

impl<W: Word, const N: usize> ClockSteps<W, N> {
    /// Returns an empty list.
    pub(crate) fn new() -> Self {
        Self {
            count: W::new(0),
            steps: [(); N].map(|()| Step {
                since: W::new(0),
                difference: W::new(0),
            }),
        }
    }

    /// Writes a step over the oldest one, unless the difference is that of the last step. The kernel reports more than
    /// steps: a suspend, another clocksource. The caller lets no other write run. Never waits.
    pub(crate) fn push(&self, since: u64, difference: u64) {
        let position = self.count.own();
        if position != 0 {
            let last = &self.steps[(position - 1) as usize % N];
            if last.difference.own() == difference {
                return;
            }
        }
        let step = &self.steps[position as usize % N];

        // A reader that sees the new contents of the slot sees this count, too.
        W::smp_wmb();
        step.since.store(since);
        step.difference.store(difference);
        self.count.store_release(position.wrapping_add(1));
    }

    /// Returns `CLOCK_REALTIME` at a time of `CLOCK_BOOTTIME`, both in nanoseconds. `None` if the list has lost the
    /// step before that time, or has none.
    pub(crate) fn realtime(&self, time: u64) -> Option<u64> {
        let count = self.count.load_acquire();
        let oldest = count.saturating_sub(N as u64 - 1);

        let mut position = count;
        while position > oldest {
            position -= 1;
            let step = &self.steps[position as usize % N];
            let since = step.since.load();
            let difference = step.difference.load();
            W::smp_rmb();
            if self.count.load() >= position + N as u64 {
                return None;
            }
            // The first step is the clock's state at load: no record is older.
            if since <= time || position == 0 {
                return Some(time.wrapping_add(difference));
            }
        }
        None
    }
}
