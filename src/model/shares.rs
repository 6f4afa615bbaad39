// SPDX-License-Identifier: GPL-2.0

//! How many calls each user has in flight, so that one user cannot take every instance of a probe.
//!
//! Users who hash alike share a place. A call is counted on the CPU of its entry, and given back there: the line that a connect
//! writes belongs to one CPU unless the task has moved in between.

use core::ops::Deref;

use crate::model::{sockets::handshakes::spread, word::Word};

/// Places for users on each CPU: 8 KiB.
pub(crate) const PLACES: usize = 1024;

/// The counts, over as many words for each CPU as there are places.
pub(crate) struct Shares<S> {
    held: S,
    // Places for each CPU less one, and how many bits these take.
    mask: usize,
    bits: u32,
    // Calls of one user on one CPU up to which the other CPUs are not asked.
    unasked: u64,
    // Calls of one user on all CPUs, where they are asked.
    most: u64,
}

/// A call that a user holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Taken(u32);

impl Taken {
    /// What a call holds that is not counted: there is no such place.
    pub(crate) const NOTHING: Self = Self(u32::MAX);
}

impl<W: Word, S: Deref<Target = [W]>> Shares<S> {
    /// Over these words, all of them 0, with so many places for each CPU, a power of two. Where there are instances for so many
    /// calls, one user may hold half of them at the most, and three eighths in any case.
    pub(crate) fn new(held: S, places: usize, calls: u32) -> Self {
        let cpus = (held.len() / places).max(1) as u64;
        let calls = u64::from(calls);
        let unasked = calls / 8 / cpus;
        Self {
            held,
            mask: places.wrapping_sub(1),
            bits: places.trailing_zeros(),
            unasked,
            // The others may have as many that nobody asked for.
            most: calls.div_ceil(2).max(1) - (cpus - 1) * unasked,
        }
    }

    /// Counts a call of a user that enters on this CPU; none where the user holds as many as one may.
    ///
    /// The CPUs are summed up only where this one has many.
    #[inline]
    pub(crate) fn take(&self, cpu: u32, user: u32) -> Option<Taken> {
        let place = spread(user.into()) as usize & self.mask;
        let index = (cpu as usize).wrapping_shl(self.bits) | place;
        let held = self.held.get(index)?.increment();
        if held > self.unasked && self.sum(place) > self.most {
            self.held[index].decrement();
            return None;
        }
        Some(Taken(index as u32))
    }

    /// The call returns, wherever.
    #[inline]
    pub(crate) fn give_back(&self, taken: Taken) {
        if let Some(held) = self.held.get(taken.0 as usize) {
            held.decrement();
        }
    }

    #[cold]
    #[inline(never)]
    fn sum(&self, place: usize) -> u64 {
        let mut sum = 0_u64;
        for held in self.held.iter().skip(place).step_by(self.mask + 1) {
            sum = sum.wrapping_add(held.load());
        }
        sum
    }
}
