// SPDX-License-Identifier: GPL-2.0

//! Words of memory that the protocols between CPUs use.

/// A 64-bit word that one CPU writes while others read it. Several CPUs write it by the atomic operations only.
///
/// In the module, accesses are marked accesses of the Linux kernel memory model. On the host, the word is an atomic
/// of the model checker. Plain loads and stores order nothing.
pub(crate) trait Word {
    /// Returns a word that is not shared yet.
    fn new(value: u64) -> Self;

    /// `READ_ONCE`.
    fn load(&self) -> u64;

    /// Returns the value, for the only writer of the word.
    ///
    /// Differs from [`load`](Self::load) for the model checker. It takes a writer's load of its own word for the last
    /// access, and forgets earlier loads of readers.
    fn own(&self) -> u64;

    /// `WRITE_ONCE`.
    fn store(&self, value: u64);

    /// `smp_load_acquire`: later accesses come after it.
    fn load_acquire(&self) -> u64;

    /// `smp_store_release`: earlier accesses come before it.
    fn store_release(&self, value: u64);

    /// `smp_rmb`: loads before it come before loads after it.
    fn smp_rmb();

    /// `smp_wmb`: stores before it come before stores after it.
    fn smp_wmb();

    /// `cmpxchg`: stores `new` if the word is `old`, and returns whether it was. Atomic for any number of writers. A
    /// full barrier if it stores, no ordering if it does not.
    fn compare_exchange(&self, old: u64, new: u64) -> bool;

    /// `xchg`: stores, and returns the old value. Atomic for any number of writers; a full barrier.
    fn exchange(&self, value: u64) -> u64;

    /// `atomic64_fetch_or`: sets bits, and returns the old value. Atomic for any number of writers; a full barrier.
    fn fetch_or(&self, bits: u64) -> u64;

    /// `atomic64_inc_return`: adds one, and returns the new value. Atomic for any number of writers; a full barrier.
    fn increment(&self) -> u64;

    /// `atomic64_dec_return`: subtracts one. Atomic for any number of writers; a full barrier.
    fn decrement(&self);

    /// Adds one to a word with a single writer, without an atomic read-modify-write.
    #[inline(always)]
    fn bump(&self) {
        self.store(self.own().wrapping_add(1));
    }

    /// Adds to a word with a single writer, with release semantics. Wraps.
    #[inline(always)]
    fn add_release(&self, addend: u64) {
        self.store_release(self.own().wrapping_add(addend));
    }

    /// Adds one like [`bump`](Self::bump), with release semantics.
    #[inline(always)]
    fn bump_release(&self) {
        self.add_release(1);
    }

    /// Subtracts one from a word with a single writer, with release semantics.
    #[inline(always)]
    fn lower_release(&self) {
        self.add_release(u64::MAX);
    }
}
