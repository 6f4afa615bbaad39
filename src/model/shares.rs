// SPDX-License-Identifier: GPL-2.0

//! Limits of the calls that each user has in flight. One user cannot take every instance of a probe. The slots for
//! pending handshakes have such limits, too: there, a call is a handshake, and an instance is a slot.
//!
//! Users with the same hash share a bucket. Entry charges a call on its CPU, and the return uncharges it there. So a
//! call writes a cache line of its own CPU unless the task migrates. The end of a handshake writes the line of the CPU
//! of its begin.

use core::ops::Deref;

use crate::model::{sockets::handshakes::spread, word::Word};

/// Buckets for users on each CPU: 8 KiB.
pub(crate) const BUCKETS: usize = 1024;

/// The charged calls: one word for each bucket and CPU.
pub(crate) struct Shares<S> {
    held: S,
    // Buckets for each CPU minus one, and the number of its bits.
    mask: usize,
    bits: u32,
    // Calls of one user on one CPU up to which the other CPUs are not read.
    batch: u64,
    // Limit of one user's calls on all CPUs, when all CPUs are read.
    limit: u64,
}

/// The index of the word to which a call is charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Charge(u32);

impl Charge {
    /// A call that is charged to no user: no such bucket exists.
    pub(crate) const NOTHING: Self = Self(u32::MAX);

    /// Converts to a number.
    #[inline]
    pub(crate) fn number(self) -> u32 {
        self.0
    }

    /// Converts from a number.
    pub(crate) fn from_number(number: u32) -> Self {
        Self(number)
    }
}

impl<W: Word, S: Deref<Target = [W]>> Shares<S> {
    /// Returns shares over these words, all of them 0, with `buckets` buckets for each CPU, a power of two. `calls`
    /// is the number of probe instances. One user may hold at most half of them, and in any case three eighths.
    pub(crate) fn new(held: S, buckets: usize, calls: u32) -> Self {
        let cpus = (held.len() / buckets).max(1) as u64;
        let calls = u64::from(calls);
        let batch = calls / 8 / cpus;
        Self {
            held,
            mask: buckets.wrapping_sub(1),
            bits: buckets.trailing_zeros(),
            batch,
            // Each of the other CPUs may hold `batch` calls without a check.
            limit: calls.div_ceil(2).max(1) - (cpus - 1) * batch,
        }
    }

    /// Charges a call that enters on this CPU to its user. Returns `None` if the user has reached the limit.
    ///
    /// Sums over all CPUs only if this CPU has more than `batch` calls of the user.
    #[inline]
    pub(crate) fn charge(&self, cpu: u32, user: u32) -> Option<Charge> {
        let bucket = spread(user.into()) as usize & self.mask;
        let index = (cpu as usize).wrapping_shl(self.bits) | bucket;
        let held = self.held.get(index)?.increment();
        if held > self.batch && self.sum(bucket) > self.limit {
            self.held[index].decrement();
            return None;
        }
        Some(Charge(index as u32))
    }

    /// Uncharges a call at its return, on any CPU.
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
