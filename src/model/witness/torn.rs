// SPDX-License-Identifier: GPL-2.0

//! Values that lockless readers see during a connect. The return of the connect judges each: the value before, the
//! value after, or torn.

use crate::model::word::Word;

/// Number of distinct values, other than the one before, that are kept for one connect. A field that does not tear
/// shows one.
const VALUES: usize = 2;

/// Number of tries of a reader against concurrent readers.
const TRIES: usize = 8;

/// The values that readers saw during the current connect.
///
/// Each word has a value in its lower half, a count of its readers, and a tag. The tag is the lower 16 bits of the
/// connect's generation, which is odd while the connect is open. A closed word is 0. A reader confuses two connects
/// only if it stops, with preemption off, for 32,768 connects.
pub(crate) struct Seen<W> {
    before: W,
    values: [W; VALUES],
    // Number of reads that looked: a word of the same form, with value 0.
    looks: W,
}

/// The findings of a connect at its return.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Findings {
    /// Reads that saw the connect in flight and loaded the field.
    pub(crate) looks: u64,
    /// Torn values: neither the value before nor the value after.
    pub(crate) torn: u64,
}

fn pack(generation: u64, count: u64, value: u32) -> u64 {
    (generation << 48) | (count << 32) | u64::from(value)
}

fn tag(word: u64) -> u64 {
    word >> 48
}

fn count(word: u64) -> u64 {
    (word >> 32) & 0xffff
}

impl<W: Word> Seen<W> {
    /// Returns a closed object without values.
    pub(crate) fn new() -> Self {
        Self {
            before: W::new(0),
            values: [(); VALUES].map(|()| W::new(0)),
            looks: W::new(0),
        }
    }

    /// Opens it for a connect; `before` is the value of the field at entry. Only the connect's task calls it, and
    /// publishes the generation afterwards, with release semantics.
    #[inline]
    pub(crate) fn open(&self, generation: u64, before: u32) {
        self.before.store(before.into());
        for word in self.values.iter().chain([&self.looks]) {
            word.store(pack(generation, 0, 0));
        }
    }

    /// Adds one to a word's count for a value. Returns false if the connect of that generation has ended, the word
    /// has another value, or concurrent readers won every try. A full count fails, too.
    fn add(word: &W, generation: u64, value: u32) -> bool {
        for _ in 0..TRIES {
            let now = word.load();
            if tag(now) != generation & 0xffff
                || count(now) == 0xffff
                || count(now) != 0 && now as u32 != value
            {
                return false;
            }
            if word.compare_exchange(now, pack(generation, count(now) + 1, value)) {
                return true;
            }
        }
        false
    }

    /// Keeps a value that a reader saw during the connect of that generation. Returns whether the connect will judge
    /// it. It will not if it has ended, or if readers saw too many distinct values.
    pub(crate) fn keep(&self, generation: u64, value: u32) -> bool {
        Self::add(&self.looks, generation, 0);
        if self.before.load() == u64::from(value) {
            // `before` belongs to this connect only if the words still have its tag.
            W::smp_rmb();
            return tag(self.values[0].load()) == generation & 0xffff;
        }
        self.values
            .iter()
            .any(|word| Self::add(word, generation, value))
    }

    /// Closes it at the connect's return, with the value of the field at that moment.
    #[inline]
    pub(crate) fn close(&self, after: u32) -> Findings {
        let before = self.before.load() as u32;
        let torn = self.values.iter().fold(0, |torn, word| {
            let seen = word.exchange(0);
            let value = seen as u32;
            if value == before || value == after {
                torn
            } else {
                torn + count(seen)
            }
        });
        Findings {
            looks: count(self.looks.exchange(0)),
            torn,
        }
    }
}
