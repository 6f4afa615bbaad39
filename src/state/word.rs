// SPDX-License-Identifier: GPL-2.0

//! The kernel's implementation of the model's word: marked and atomic accesses.

use crate::{
    abstractions::marked::{
        self,
        Marked, //
    },
    model::word::Word,
};

impl Word for Marked {
    fn new(value: u64) -> Self {
        Self::new(value)
    }

    #[inline(always)]
    fn load(&self) -> u64 {
        self.load()
    }

    #[inline(always)]
    fn own(&self) -> u64 {
        self.load()
    }

    #[inline(always)]
    fn store(&self, value: u64) {
        self.store(value);
    }

    #[inline(always)]
    fn load_acquire(&self) -> u64 {
        self.load_acquire()
    }

    #[inline(always)]
    fn store_release(&self, value: u64) {
        self.store_release(value);
    }

    #[inline(always)]
    fn compare_exchange(&self, old: u64, new: u64) -> bool {
        self.compare_exchange(old, new)
    }

    #[inline(always)]
    fn exchange(&self, value: u64) -> u64 {
        self.exchange(value)
    }

    #[inline(always)]
    fn fetch_or(&self, bits: u64) -> u64 {
        self.fetch_or(bits)
    }

    #[inline(always)]
    fn increment(&self) -> u64 {
        self.increment()
    }

    #[inline(always)]
    fn decrement(&self) {
        self.decrement();
    }

    #[inline(always)]
    fn smp_rmb() {
        marked::smp_rmb();
    }

    #[inline(always)]
    fn smp_wmb() {
        marked::smp_wmb();
    }
}

#[cfg(tsoffset_kunit)]
#[kernel::prelude::kunit_tests(tsoffset_word)]
mod tests {
    use crate::{
        abstractions::marked::Marked,
        model::word::Word, //
    };

    #[test]
    fn bump_wraps() {
        let word = Marked::new(u64::MAX);
        word.bump();
        assert_eq!(word.load(), 0);
    }
}
