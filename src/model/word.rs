// SPDX-License-Identifier: GPL-2.0

//! What the protocols between CPUs are written in.

/// A 64-bit word in memory that one CPU writes while others read it; several write it by the atomic
/// operations only.
///
/// In the module it is a marked access of the Linux kernel memory model, on the host an atomic of
/// the model checker. Plain loads and stores order nothing.
pub(crate) trait Word {
    /// A word that nobody else has yet.
    fn new(value: u64) -> Self;

    /// `READ_ONCE`.
    fn load(&self) -> u64;

    /// The value as the word's only writer knows it, for that writer: nobody can change it meanwhile.
    ///
    /// Apart from [`load`](Self::load) for the model checker's sake: it takes a writer's load of its
    /// own word for the last access there, and forgets the readers' before it.
    fn own(&self) -> u64;

    /// `WRITE_ONCE`.
    fn store(&self, value: u64);

    /// `smp_load_acquire`: what follows is not done before it.
    fn load_acquire(&self) -> u64;

    /// `smp_store_release`: what precedes is done before it.
    fn store_release(&self, value: u64);

    /// `smp_rmb`: loads before it come before loads after it.
    fn smp_rmb();

    /// `smp_wmb`: stores before it come before stores after it.
    fn smp_wmb();

    /// `cmpxchg`: stores `new` where the word is `old`, and says whether it was. Atomic for any number of
    /// writers; a full barrier where it stores, no order where it does not.
    fn compare_exchange(&self, old: u64, new: u64) -> bool;

    /// `xchg`: stores, and says what was there. Atomic for any number of writers; a full barrier.
    fn exchange(&self, value: u64) -> u64;

    /// `atomic64_fetch_or`: sets bits, and says what was there. Atomic for any number of writers; a full barrier.
    fn fetch_or(&self, bits: u64) -> u64;

    /// `atomic64_inc_return`: adds one, and says what there is then. Atomic for any number of writers; a full barrier.
    fn increment(&self) -> u64;

    /// `atomic64_dec_return`: takes one away. Atomic for any number of writers; a full barrier.
    fn decrement(&self);

    /// Adds one, for a word with a single writer: no atomic read-modify-write.
    #[inline(always)]
    fn bump(&self) {
        self.store(self.own().wrapping_add(1));
    }

    /// The same, with what precedes done before it.
    #[inline(always)]
    fn bump_release(&self) {
        self.store_release(self.own().wrapping_add(1));
    }
}
