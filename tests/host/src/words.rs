// SPDX-License-Identifier: GPL-2.0

//! Words for the tests: of one thread, and of the model checker.
//!
//! loom explores what C11 atomics allow, which for these accesses is no less than what the Linux
//! kernel memory model does.

use std::cell::Cell;

use loom::sync::atomic::{fence, AtomicU64, Ordering};

use crate::core::word::Word;

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

    fn read_barrier() {}

    fn write_barrier() {}
}

/// A word whose every interleaving and reordering is tried.
pub struct Checked(AtomicU64);

impl Word for Checked {
    fn new(value: u64) -> Self {
        Self(AtomicU64::new(value))
    }

    fn load(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn own(&self) -> u64 {
        // SAFETY: Called by the only writer; loom panics if another's store could be at work.
        unsafe { self.0.unsync_load() }
    }

    fn store(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    fn load_acquire(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    fn store_release(&self, value: u64) {
        self.0.store(value, Ordering::Release);
    }

    fn read_barrier() {
        fence(Ordering::Acquire);
    }

    fn write_barrier() {
        fence(Ordering::Release);
    }
}

/// The same without any order: the broken twin, in which a race has to be found.
pub struct Unordered(AtomicU64);

impl Word for Unordered {
    fn new(value: u64) -> Self {
        Self(AtomicU64::new(value))
    }

    fn load(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn own(&self) -> u64 {
        // SAFETY: Called by the only writer; loom panics if another's store could be at work.
        unsafe { self.0.unsync_load() }
    }

    fn store(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    fn load_acquire(&self) -> u64 {
        self.load()
    }

    fn store_release(&self, value: u64) {
        self.store(value);
    }

    fn read_barrier() {}

    fn write_barrier() {}
}
