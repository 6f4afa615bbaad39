// SPDX-License-Identifier: GPL-2.0

//! Words for the tests: of one thread, and of the model checker.
//!
//! loom explores all orders that C11 atomics allow. For these accesses, they include all orders of the Linux
//! kernel memory model.

use std::cell::Cell;

use loom::sync::atomic::{fence, AtomicU64, Ordering};

use crate::model::word::Word;

/// Runs a test in each order of its threads' steps with at most this number of preemptions.
pub fn explore(preemptions: usize, test: impl Fn() + Send + Sync + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(preemptions);
    model.check(test);
}

/// A word of one thread.
pub struct Single(Cell<u64>);

impl Word for Single {
    fn new(value: u64) -> Self {
        Self(Cell::new(value))
    }

    fn load(&self) -> u64 {
        self.0.get()
    }

    fn own(&self) -> u64 {
        self.0.get()
    }

    fn store(&self, value: u64) {
        self.0.set(value);
    }

    fn load_acquire(&self) -> u64 {
        self.load()
    }

    fn store_release(&self, value: u64) {
        self.store(value);
    }

    fn compare_exchange(&self, old: u64, new: u64) -> bool {
        let same = self.load() == old;
        if same {
            self.store(new);
        }
        same
    }

    fn exchange(&self, value: u64) -> u64 {
        self.0.replace(value)
    }

    fn fetch_or(&self, bits: u64) -> u64 {
        self.0.replace(self.load() | bits)
    }

    fn increment(&self) -> u64 {
        self.store(self.load().wrapping_add(1));
        self.load()
    }

    fn decrement(&self) {
        self.store(self.load().wrapping_sub(1));
    }

    fn smp_rmb() {}

    fn smp_wmb() {}
}

/// A word for loom, without some kinds of order: the broken twins, in which loom must find a race.
pub struct Model<const WITHOUT: u8>(AtomicU64);

/// `Model` without any omission.
pub const NOTHING: u8 = 0;
/// Omits full barriers: atomic operations only acquire and release.
pub const FULL_BARRIER: u8 = 1;
/// Omits read barriers.
pub const READ_BARRIER: u8 = 2;
/// Omits write barriers.
pub const WRITE_BARRIER: u8 = 3;
/// Omits all order, but not atomicity.
pub const ORDER: u8 = 4;

/// Omits atomicity: comparing and exchanging are two accesses.
pub const ATOMICITY: u8 = 5;

/// Words with the kernel's order.
pub type Checked = Model<NOTHING>;
/// Words without any order.
pub type Unordered = Model<ORDER>;

impl<const WITHOUT: u8> Model<WITHOUT> {
    const ORDERED: bool = WITHOUT != ORDER;

    const fn or_relaxed(ordering: Ordering) -> Ordering {
        if Self::ORDERED {
            ordering
        } else {
            Ordering::Relaxed
        }
    }

    // loom treats SeqCst as AcqRel, except in fences.
    fn full_barrier() {
        if Self::ORDERED && WITHOUT != FULL_BARRIER {
            fence(Ordering::SeqCst);
        }
    }
}

impl<const WITHOUT: u8> Word for Model<WITHOUT> {
    fn new(value: u64) -> Self {
        Self(AtomicU64::new(value))
    }

    fn load(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn own(&self) -> u64 {
        // SAFETY: Only the one writer calls this function. loom panics if another store could be concurrent.
        unsafe { self.0.unsync_load() }
    }

    fn store(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    fn load_acquire(&self) -> u64 {
        self.0.load(Self::or_relaxed(Ordering::Acquire))
    }

    fn store_release(&self, value: u64) {
        self.0.store(value, Self::or_relaxed(Ordering::Release));
    }

    fn compare_exchange(&self, old: u64, new: u64) -> bool {
        if WITHOUT == ATOMICITY {
            let same = self.load() == old;
            if same {
                self.store(new);
            }
            return same;
        }
        Self::full_barrier();
        let ordering = Self::or_relaxed(Ordering::AcqRel);
        let result = self
            .0
            .compare_exchange(old, new, ordering, Ordering::Relaxed);
        if result.is_ok() {
            Self::full_barrier();
        }
        result.is_ok()
    }

    fn exchange(&self, value: u64) -> u64 {
        Self::full_barrier();
        let old = self.0.swap(value, Self::or_relaxed(Ordering::AcqRel));
        Self::full_barrier();
        old
    }

    fn fetch_or(&self, bits: u64) -> u64 {
        Self::full_barrier();
        let old = self.0.fetch_or(bits, Self::or_relaxed(Ordering::AcqRel));
        Self::full_barrier();
        old
    }

    fn increment(&self) -> u64 {
        if WITHOUT == ATOMICITY {
            let sum = self.load().wrapping_add(1);
            self.store(sum);
            return sum;
        }
        Self::full_barrier();
        let old = self.0.fetch_add(1, Self::or_relaxed(Ordering::AcqRel));
        Self::full_barrier();
        old.wrapping_add(1)
    }

    fn decrement(&self) {
        if WITHOUT == ATOMICITY {
            self.store(self.load().wrapping_sub(1));
            return;
        }
        Self::full_barrier();
        self.0.fetch_sub(1, Self::or_relaxed(Ordering::AcqRel));
        Self::full_barrier();
    }

    fn smp_rmb() {
        if Self::ORDERED && WITHOUT != READ_BARRIER {
            fence(Ordering::Acquire);
        }
    }

    fn smp_wmb() {
        if Self::ORDERED && WITHOUT != WRITE_BARRIER {
            fence(Ordering::Release);
        }
    }
}

/// Tests a protocol: `explore` passes in the order of the protocol. Each further test lacks a part of that order, and panics
/// with the message.
macro_rules! protocol {
    ($passes:ident: $explore:ident, $message:literal: $($fails:ident without $part:ident,)+) => {
        #[test]
        fn $passes() {
            $explore::<$crate::words::Checked>();
        }
        $(
            #[test]
            #[should_panic(expected = $message)]
            fn $fails() {
                $explore::<$crate::words::Model<{ $crate::words::$part }>>();
            }
        )+
    };
}
pub(crate) use protocol;
