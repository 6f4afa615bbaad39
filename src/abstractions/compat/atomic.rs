// SPDX-License-Identifier: GPL-2.0

//! Atomic variables, for code off the hot path: each access calls a C function. [`marked`](super::super::marked) has
//! the accesses of probe handlers.
//!
//! For 6.12, whose crate lacks them: a word, and the operations that the module uses.
//!
//! C header: [`include/linux/atomic.h`](srctree/include/linux/atomic.h)

#[cfg(kernel_has_sync_atomic)]
pub(crate) use kernel::sync::atomic::{
    Acquire,
    Atomic,
    Full,
    Relaxed, //
};

#[cfg(not(kernel_has_sync_atomic))]
pub(crate) use fallback::*;

#[cfg(not(kernel_has_sync_atomic))]
mod fallback {
    use core::cell::UnsafeCell;

    use crate::bindings;

    /// No order.
    pub(crate) struct Relaxed;

    /// Later accesses come after the load.
    pub(crate) struct Acquire;

    /// A full barrier before and after the access.
    pub(crate) struct Full;

    /// An atomic word.
    #[repr(transparent)]
    pub(crate) struct Atomic<T: AtomicType>(UnsafeCell<T>);

    // SAFETY: All accesses are atomic, and an `AtomicType` belongs to no thread.
    unsafe impl<T: AtomicType> Send for Atomic<T> {}
    // SAFETY: As above.
    unsafe impl<T: AtomicType> Sync for Atomic<T> {}

    /// A type of an atomic word.
    ///
    /// # Safety
    ///
    /// The type has the size and alignment of a `u64`, and each of its values may be sent to another thread.
    pub(crate) unsafe trait AtomicType: Copy + PartialEq {
        /// Returns the value with these bits.
        fn from_bits(bits: u64) -> Self;

        /// Returns the bits of the value.
        fn bits(self) -> u64;
    }

    // SAFETY: It is a `u64`.
    unsafe impl AtomicType for u64 {
        fn from_bits(bits: u64) -> Self {
            bits
        }

        fn bits(self) -> u64 {
            self
        }
    }

    // SAFETY: A pointer is a word: probe.mk requires CONFIG_64BIT. A pointer is a number to other threads.
    unsafe impl<T> AtomicType for *const T {
        fn from_bits(bits: u64) -> Self {
            bits as Self
        }

        fn bits(self) -> u64 {
            self as u64
        }
    }

    impl<T: AtomicType> Atomic<T> {
        /// Returns a word that is not shared yet.
        pub(crate) const fn new(value: T) -> Self {
            Self(UnsafeCell::new(value))
        }

        /// Loads the value. On every kernel here, an acquire load orders at least as much as a relaxed load.
        pub(crate) fn load<O>(&self, _order: O) -> T {
            // SAFETY: The word is live and aligned.
            T::from_bits(unsafe { bindings::tsoffset_smp_load_acquire(self.0.get().cast()) })
        }

        /// Stores a value.
        pub(crate) fn store(&self, value: T, _order: Relaxed) {
            // SAFETY: The word is live and aligned, and all accesses to it are marked or atomic.
            unsafe { self.0.get().write_volatile(value) }
        }

        /// Stores a value; returns the old one.
        pub(crate) fn xchg(&self, value: T, _order: Full) -> T {
            // SAFETY: The word is live and aligned, and all accesses to it are marked or atomic.
            T::from_bits(unsafe { bindings::tsoffset_xchg(self.0.get().cast(), value.bits()) })
        }

        /// Stores `new` where the value is `old`; otherwise returns the value as an error.
        pub(crate) fn cmpxchg(&self, old: T, new: T, _order: Full) -> Result<T, T> {
            // SAFETY: The word is live and aligned, and all accesses to it are marked or atomic.
            let found = T::from_bits(unsafe {
                bindings::tsoffset_cmpxchg(self.0.get().cast(), old.bits(), new.bits())
            });
            if found == old {
                Ok(found)
            } else {
                Err(found)
            }
        }
    }

    impl Atomic<u64> {
        /// Adds; returns the old value.
        pub(crate) fn fetch_add(&self, addend: u64, _order: Full) -> u64 {
            // SAFETY: The word is live and aligned, as an `atomic64_t` is.
            let sum = unsafe {
                bindings::tsoffset_atomic64_add_return(addend as i64, self.0.get().cast())
            };
            (sum as u64).wrapping_sub(addend)
        }

        /// Subtracts; returns the old value.
        pub(crate) fn fetch_sub(&self, subtrahend: u64, order: Full) -> u64 {
            self.fetch_add(subtrahend.wrapping_neg(), order)
        }
    }
}
