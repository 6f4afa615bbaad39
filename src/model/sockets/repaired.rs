// SPDX-License-Identifier: GPL-2.0

//! Sockets whose offset is not the kernel's, by cookie. A user set the offset (TCP_REPAIR), or something chose it
//! before the accept.
//!
//! A bitmap, indexed by a hash of the cookie. Bits are never cleared, so no socket takes memory and the set never
//! overflows. A socket that shares a bit with a marked one counts as marked, and its offset is not judged. So a
//! shared bit causes no false report.

use core::ops::Deref;

use crate::model::{sockets::handshakes::spread, word::Word};

/// Words of the bitmap: 65,536 bits.
pub(crate) const WORDS: usize = 1024;

/// The bitmap, over [`WORDS`] words.
pub(crate) struct Repaired<S> {
    words: S,
}

impl<W: Word, S: Deref<Target = [W]>> Repaired<S> {
    /// Returns a bitmap over these words, all of them 0.
    pub(crate) fn new(words: S) -> Self {
        Self { words }
    }

    fn slot(&self, cookie: u64) -> (&W, u64) {
        let hash = spread(cookie);
        let word = &self.words[(hash >> 6) as usize & (WORDS - 1)];
        (word, 1 << (hash & 63))
    }

    /// Marks a socket whose offset is not the kernel's. Returns whether its bit was set before, by this socket or
    /// another.
    // Inlined into the handlers: a check counts their marked accesses.
    #[inline(always)]
    pub(crate) fn insert(&self, cookie: u64) -> bool {
        let (word, bit) = self.slot(cookie);
        word.fetch_or(bit) & bit != 0
    }

    /// Returns whether a socket, or another with the same hash, is marked.
    pub(crate) fn contains(&self, cookie: u64) -> bool {
        let (word, bit) = self.slot(cookie);
        word.load() & bit != 0
    }
}
