// SPDX-License-Identifier: GPL-2.0

//! Values that lockless readers saw while a connect was in flight, kept until it can be told whether
//! each is the value before the connect, the one after, or torn.

use crate::model::word::Word;

/// How many different values other than the one before are kept for one connect. A field that does
/// not tear shows one.
const KEPT: usize = 2;

/// How often a reader tries against others that see a value at the same time, before it gives up.
const TRIES: usize = 8;

/// What readers saw during one connect at a time.
///
/// Each word holds a value in its lower half, how many saw it, and whose connect it is: the lower 16 bits
/// of a generation, which is odd for an open one. Closed is 0. (A reader would have to stand still, with
/// preemption off, over 32,768 connects to take another connect's words for those of its own.)
pub(crate) struct Seen<W> {
    before: W,
    values: [W; KEPT],
    // How many reads looked: a word like the others, without a value.
    looks: W,
}

/// What a connect finds when it returns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Findings {
    /// Reads that saw it in flight and looked at the field.
    pub(crate) looks: u64,
    /// Values that were torn: neither the one before nor the one after.
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
    /// Nothing seen, nothing open.
    pub(crate) fn new() -> Self {
        Self {
            before: W::new(0),
            values: [(); KEPT].map(|()| W::new(0)),
            looks: W::new(0),
        }
    }

    /// Opens it for a connect: `before` is the field's value at its entry. For the connect's own task,
    /// which publishes the generation afterwards, by release.
    #[inline]
    pub(crate) fn open(&self, generation: u64, before: u32) {
        self.before.store(before.into());
        for word in self.values.iter().chain([&self.looks]) {
            word.store(pack(generation, 0, 0));
        }
    }

    /// Adds one to a word's count, for a value; says whether it could be done. Not where the connect of that
    /// generation has ended, another value is there, or others are always faster.
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

    /// Keeps a value that was seen during the connect of that generation; says whether it will be judged.
    /// It will not where the connect has ended meanwhile, or too many different values were seen.
    pub(crate) fn keep(&self, generation: u64, value: u32) -> bool {
        Self::add(&self.looks, generation, 0);
        if self.before.load() == u64::from(value) {
            // Whether it was this connect's: had it ended, the words would be closed or another's.
            W::smp_rmb();
            return tag(self.values[0].load()) == generation & 0xffff;
        }
        self.values
            .iter()
            .any(|word| Self::add(word, generation, value))
    }

    /// Closes it when the connect returns, with the field's value at that moment.
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
