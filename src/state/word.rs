// SPDX-License-Identifier: GPL-2.0

//! The kernel's implementation of the model's word: marked and atomic accesses.

use crate::{
    abstractions::marked::{
        self,
        Marked, //
    },
    model::word::Word,
};

/// Implements methods of [`Word`] by those of [`Marked`].
macro_rules! forward {
    ($(fn $name:ident($($argument:ident: $type:ty),*) -> $return:ty = $method:ident;)+) => {
        $(
            #[inline(always)]
            fn $name(&self, $($argument: $type),*) -> $return {
                Marked::$method(self, $($argument),*)
            }
        )+
    };
}

impl Word for Marked {
    fn new(value: u64) -> Self {
        Self::new(value)
    }

    forward! {
        fn own() -> u64 = load;
        fn load() -> u64 = load;
        fn store(value: u64) -> () = store;
        fn load_acquire() -> u64 = load_acquire;
        fn store_release(value: u64) -> () = store_release;
        fn add_release(addend: u64) -> () = add_release;
        fn compare_exchange(old: u64, new: u64) -> bool = compare_exchange;
        fn exchange(value: u64) -> u64 = exchange;
        fn fetch_or(bits: u64) -> u64 = fetch_or;
        fn increment() -> u64 = increment;
        fn decrement() -> () = decrement;
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
