// SPDX-License-Identifier: GPL-2.0

//! Sockets whose offset is not the kernel's, by their cookies: a user set it (TCP_REPAIR), or it was chosen before they were accepted.
//!
//! One bit for what a cookie hashes to, never taken back: it takes no memory for each socket and never
//! overflows. A socket that shares another's bit is taken for one of them, and its offset not judged:
//! nothing is reported that is not so.

use core::ops::Deref;

use crate::model::{sockets::handshakes::spread, word::Word};

/// Words of the set: 65,536 bits.
pub(crate) const WORDS: usize = 1024;

/// The set, over [`WORDS`] words.
pub(crate) struct Repaired<S> {
    words: S,
}

impl<W: Word, S: Deref<Target = [W]>> Repaired<S> {
    /// Over these words, all of them 0.
    pub(crate) fn new(words: S) -> Self {
        Self { words }
    }

    fn slot(&self, cookie: u64) -> (&W, u64) {
        let hash = spread(cookie);
        let word = &self.words[(hash >> 6) as usize & (WORDS - 1)];
        (word, 1 << (hash & 63))
    }

    /// The offset of this socket is not the kernel's. Says whether its bit was set before: of this socket, or of another one.
    // Within the handlers, whose marked accesses are counted.
    #[inline(always)]
    pub(crate) fn insert(&self, cookie: u64) -> bool {
        let (word, bit) = self.slot(cookie);
        word.fetch_or(bit) & bit != 0
    }

    /// Whether it may be so.
    pub(crate) fn contains(&self, cookie: u64) -> bool {
        let (word, bit) = self.slot(cookie);
        word.load() & bit != 0
    }
}
