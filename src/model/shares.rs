// SPDX-License-Identifier: GPL-2.0

//! How many calls each user has in flight, so that one user cannot take every instance of a probe.
//!
//! Users who hash alike share a bucket. A call is counted on the CPU of its entry, and given back there: the line that a connect
//! writes belongs to one CPU unless the task has moved in between.

use core::ops::Deref;

use crate::model::{sockets::handshakes::spread, word::Word};

/// Places for users on each CPU: 8 KiB.
pub(crate) const BUCKETS: usize = 1024;

/// The counts, over as many words for each CPU as there are buckets.
pub(crate) struct Shares<S> {
    held: S,
    // Buckets for each CPU less one, and how many bits these take.
    mask: usize,
    bits: u32,
    // Calls of one user on one CPU up to which the other CPUs are not asked.
    unasked: u64,
    // Calls of one user on all CPUs, where they are asked.
    most: u64,
}

/// A call that is charged to a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Charge(u32);

impl Charge {
    /// Of a call that is charged to nobody: there is no such bucket.
    pub(crate) const NOTHING: Self = Self(u32::MAX);
}

impl<W: Word, S: Deref<Target = [W]>> Shares<S> {
    /// Over these words, all of them 0, with so many buckets for each CPU, a power of two. Where there are instances for so many
    /// calls, one user may hold half of them at the most, and three eighths in any case.
    pub(crate) fn new(held: S, buckets: usize, calls: u32) -> Self {
        let cpus = (held.len() / buckets).max(1) as u64;
        let calls = u64::from(calls);
        let unasked = calls / 8 / cpus;
        Self {
            held,
            mask: buckets.wrapping_sub(1),
            bits: buckets.trailing_zeros(),
            unasked,
            // The others may have as many that nobody asked for.
            most: calls.div_ceil(2).max(1) - (cpus - 1) * unasked,
        }
    }

    /// Counts a call of a user that enters on this CPU; none where the user holds as many as one may.
    ///
    /// The CPUs are summed up only where this one has many.
    #[inline]
    pub(crate) fn charge(&self, cpu: u32, user: u32) -> Option<Charge> {
        let bucket = spread(user.into()) as usize & self.mask;
        let index = (cpu as usize).wrapping_shl(self.bits) | bucket;
        let held = self.held.get(index)?.increment();
        if held > self.unasked && self.sum(bucket) > self.most {
            self.held[index].decrement();
            return None;
        }
        Some(Charge(index as u32))
    }

    /// The call returns, wherever.
    #[inline]
    pub(crate) fn uncharge(&self, charge: Charge) {
        if let Some(held) = self.held.get(charge.0 as usize) {
            held.decrement();
        }
    }

    #[cold]
    #[inline(never)]
    fn sum(&self, bucket: usize) -> u64 {
        let mut sum = 0_u64;
        for held in self.held.iter().skip(bucket).step_by(self.mask + 1) {
            sum = sum.wrapping_add(held.load());
        }
        sum
    }
}
