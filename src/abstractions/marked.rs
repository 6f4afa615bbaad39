// SPDX-License-Identifier: GPL-2.0

//! Marked accesses: READ_ONCE, WRITE_ONCE and their ordered variants.
//!
//! C headers: [`include/asm-generic/rwonce.h`](srctree/include/asm-generic/rwonce.h),
//! [`include/asm-generic/barrier.h`](srctree/include/asm-generic/barrier.h)
//!
//! The memory model is that of the Linux kernel (tools/memory-model), not that of Rust. Code reaches shared memory
//! through these accesses and never through `core::sync::atomic`.
//!
//! A marked load or store is one volatile access, as in C: one instruction of the operand's size. It is not torn, not
//! repeated and not invented. KCSAN knows it as marked if the module is instrumented. It orders nothing. The kernel
//! crate's `Atomic` gives the same guarantee on kernels that have it, but calls a C helper for each access. A probe
//! handler makes too many accesses for that.
//!
//! Ordered loads and stores call one C function of the kernel each, except on x86. There the machine keeps loads in
//! order, and stores, too. The kernel's macros are a marked access with a compiler barrier there
//! (arch/x86/include/asm/barrier.h), and so is `ordered`. KCSAN builds call the C functions: the macros have its
//! hooks.

use core::cell::UnsafeCell;

use crate::bindings;

/// An integer that the machine loads and stores in one access.
///
/// # Safety
///
/// The type is an integer of at most the size of a pointer, valid for every bit pattern.
pub(crate) unsafe trait Scalar: Copy {}

// SAFETY: An integer, no larger than a pointer: probe.mk requires CONFIG_64BIT.
unsafe impl Scalar for u8 {}
// SAFETY: An integer, no larger than a pointer.
unsafe impl Scalar for u16 {}
// SAFETY: An integer, no larger than a pointer.
unsafe impl Scalar for u32 {}
// SAFETY: An integer, no larger than a pointer.
unsafe impl Scalar for u64 {}
// SAFETY: An integer, no larger than a pointer.
unsafe impl Scalar for usize {}

/// Loads `*p` once: `READ_ONCE(*p)`.
///
/// # Safety
///
/// `p` is aligned and valid for reads. Other CPUs may write it at the same time, by marked stores.
#[inline(always)]
pub(crate) unsafe fn read_once<T: Scalar>(p: *const T) -> T {
    // SAFETY: The caller guarantees a readable, aligned `p`; any bit pattern is a valid `T`.
    unsafe { p.read_volatile() }
}

/// A 64-bit word that one CPU writes and any CPU may read, or that any CPU writes atomically.
#[repr(transparent)]
pub(crate) struct Marked(UnsafeCell<u64>);

// SAFETY: Every access is marked, so the kernel's memory model defines concurrent accesses.
unsafe impl Sync for Marked {}

impl Marked {
    /// Returns a word that is not shared yet.
    pub(crate) const fn new(value: u64) -> Self {
        Self(UnsafeCell::new(value))
    }

    /// `READ_ONCE`.
    #[inline(always)]
    pub(crate) fn load(&self) -> u64 {
        // SAFETY: `self` is a live, aligned `u64`.
        unsafe { read_once(self.0.get()) }
    }

    /// `WRITE_ONCE`.
    #[inline(always)]
    pub(crate) fn store(&self, value: u64) {
        // SAFETY: `self` is a live, aligned `u64`, and all accesses to it are marked.
        unsafe { self.0.get().write_volatile(value) }
    }

    /// `smp_load_acquire`.
    #[inline(always)]
    pub(crate) fn load_acquire(&self) -> u64 {
        // SAFETY: `self` is a live, aligned `u64`.
        unsafe { ordered::load_acquire(self.0.get()) }
    }

    /// `smp_store_release`.
    #[inline(always)]
    pub(crate) fn store_release(&self, value: u64) {
        // SAFETY: `self` is a live, aligned `u64`, and all accesses to it are marked.
        unsafe { ordered::store_release(self.0.get(), value) }
    }

    /// Adds to the word by a load and an `smp_store_release`. Nobody else writes the word at the same time: otherwise a
    /// count is lost.
    #[inline(always)]
    pub(crate) fn add_release(&self, addend: u64) {
        // SAFETY: `self` is a live, aligned `u64`, and all accesses to it are marked.
        unsafe { ordered::add_release(self.0.get(), addend) }
    }

    /// `cmpxchg`; returns whether the word was `old`.
    #[inline(always)]
    pub(crate) fn compare_exchange(&self, old: u64, new: u64) -> bool {
        // SAFETY: `self` is a live, aligned `u64`, and all accesses to it are marked.
        unsafe { bindings::tsoffset_cmpxchg(self.0.get(), old, new) == old }
    }

    /// `xchg`; returns the old value.
    #[inline(always)]
    pub(crate) fn exchange(&self, value: u64) -> u64 {
        // SAFETY: `self` is a live, aligned 64-bit integer, and all its writes are marked or atomic.
        unsafe { bindings::tsoffset_xchg(self.0.get(), value) }
    }

    /// `atomic64_fetch_or`; returns the old value.
    #[inline(always)]
    pub(crate) fn fetch_or(&self, bits: u64) -> u64 {
        // SAFETY: `self` is a live, aligned 64-bit integer, as an `atomic64_t` is.
        unsafe { bindings::tsoffset_atomic64_fetch_or(bits as i64, self.0.get().cast()) as u64 }
    }

    /// `atomic64_inc_return`; returns the new value.
    #[inline(always)]
    pub(crate) fn increment(&self) -> u64 {
        // SAFETY: `self` is a live, aligned 64-bit integer, and all its writes are marked or atomic.
        unsafe { ordered::add_return(self.0.get(), 1) }
    }

    /// `atomic64_dec_return`.
    #[inline(always)]
    pub(crate) fn decrement(&self) {
        // SAFETY: `self` is a live, aligned 64-bit integer, and all its writes are marked or atomic.
        unsafe { ordered::dec(self.0.get()) };
    }
}

/// `smp_rmb`: loads before it come before loads after it.
#[inline(always)]
pub(crate) fn smp_rmb() {
    ordered::smp_rmb();
}

/// `smp_wmb`: stores before it come before stores after it.
#[inline(always)]
pub(crate) fn smp_wmb() {
    ordered::smp_wmb();
}

/// The ordered accesses of x86 without a call: `smp_load_acquire`, `smp_store_release`, `smp_rmb`, `smp_wmb`,
/// `atomic64_add_return` and `atomic64_dec_return`.
#[cfg(all(CONFIG_X86_64, CONFIG_SMP, not(CONFIG_KCSAN)))]
mod ordered {
    use core::arch::asm;

    use super::read_once;

    /// `barrier()`: the compiler moves no memory access across it.
    #[inline(always)]
    fn barrier() {
        // SAFETY: It has no instruction. Without `nomem` and `readonly`, the compiler assumes that it accesses any
        // memory.
        unsafe { asm!("", options(nostack, preserves_flags)) };
    }

    /// # Safety
    ///
    /// As for [`read_once`].
    #[inline(always)]
    pub(super) unsafe fn load_acquire(p: *const u64) -> u64 {
        // SAFETY: The caller guarantees it.
        let value = unsafe { read_once(p) };
        barrier();
        value
    }

    /// # Safety
    ///
    /// `p` is aligned and valid for writes, and all concurrent accesses are marked.
    #[inline(always)]
    pub(super) unsafe fn store_release(p: *mut u64, value: u64) {
        barrier();
        // SAFETY: The caller guarantees it.
        unsafe { p.write_volatile(value) };
    }

    /// Adds, and stores the sum with release semantics. The load follows the barrier, too: so both accesses can be one
    /// instruction, without `lock`.
    ///
    /// # Safety
    ///
    /// As for [`store_release`].
    #[inline(always)]
    pub(super) unsafe fn add_release(p: *mut u64, addend: u64) {
        barrier();
        // SAFETY: The caller guarantees a live, aligned word.
        unsafe { p.write_volatile(read_once(p).wrapping_add(addend)) };
    }

    /// Adds, and returns the new value: a full barrier.
    ///
    /// # Safety
    ///
    /// `p` is aligned and valid for writes, and all concurrent accesses are marked or atomic.
    #[inline(always)]
    pub(super) unsafe fn add_return(p: *mut u64, addend: i64) -> u64 {
        let mut value = addend as u64;
        // SAFETY: The caller guarantees a live word; the addition is one atomic instruction.
        unsafe {
            asm!("lock xadd qword ptr [{p}], {value}", p = in(reg) p, value = inout(reg) value, options(nostack));
        }
        value.wrapping_add(addend as u64)
    }

    /// Subtracts one: a full barrier.
    ///
    /// # Safety
    ///
    /// As for [`add_return`].
    #[inline(always)]
    pub(super) unsafe fn dec(p: *mut u64) {
        // SAFETY: The caller guarantees a live word; the subtraction is one atomic instruction.
        unsafe { asm!("lock dec qword ptr [{p}]", p = in(reg) p, options(nostack)) };
    }

    #[inline(always)]
    pub(super) fn smp_rmb() {
        barrier();
    }

    #[inline(always)]
    pub(super) fn smp_wmb() {
        barrier();
    }
}

/// The ordered accesses of the kernel.
#[cfg(not(all(CONFIG_X86_64, CONFIG_SMP, not(CONFIG_KCSAN))))]
mod ordered {
    use super::read_once;
    use crate::bindings;

    pub(super) use bindings::{
        tsoffset_smp_load_acquire as load_acquire,
        tsoffset_smp_store_release as store_release, //
    };

    /// Adds, and stores the sum with release semantics.
    ///
    /// # Safety
    ///
    /// `p` is aligned and valid for writes, and all concurrent accesses are marked.
    #[inline(always)]
    pub(super) unsafe fn add_release(p: *mut u64, addend: u64) {
        // SAFETY: The caller guarantees a live, aligned word.
        unsafe { store_release(p, read_once(p).wrapping_add(addend)) };
    }

    /// Adds, and returns the new value: a full barrier.
    ///
    /// # Safety
    ///
    /// `p` is aligned and valid for writes, and all concurrent accesses are marked or atomic.
    #[inline(always)]
    pub(super) unsafe fn add_return(p: *mut u64, addend: i64) -> u64 {
        // SAFETY: The caller guarantees a live, aligned 64-bit integer, as an `atomic64_t` is.
        unsafe { bindings::tsoffset_atomic64_add_return(addend, p.cast()) as u64 }
    }

    /// Subtracts one: a full barrier.
    ///
    /// # Safety
    ///
    /// As for [`add_return`].
    #[inline(always)]
    pub(super) unsafe fn dec(p: *mut u64) {
        // SAFETY: The caller guarantees a live, aligned 64-bit integer, as an `atomic64_t` is.
        unsafe { bindings::tsoffset_atomic64_dec_return(p.cast()) };
    }

    #[inline(always)]
    pub(super) fn smp_rmb() {
        // SAFETY: A barrier has no requirements.
        unsafe { bindings::tsoffset_smp_rmb() }
    }

    #[inline(always)]
    pub(super) fn smp_wmb() {
        // SAFETY: A barrier has no requirements.
        unsafe { bindings::tsoffset_smp_wmb() }
    }
}

/// A counter that any CPU may increment: `atomic64_t`.
///
/// Every increment writes a shared cache line. So the counter is for rare events only.
#[repr(transparent)]
pub(crate) struct SharedCounter(UnsafeCell<bindings::atomic64_t>);

// SAFETY: `atomic64_t` supports concurrent accesses.
unsafe impl Sync for SharedCounter {}
// SAFETY: It has a number and nothing that belongs to a thread.
unsafe impl Send for SharedCounter {}

impl SharedCounter {
    pub(crate) const fn new() -> Self {
        Self(UnsafeCell::new(bindings::atomic64_t { counter: 0 }))
    }

    /// Adds one: a full barrier.
    pub(crate) fn increment(&self) {
        // SAFETY: `self` is a live `atomic64_t`.
        unsafe { bindings::tsoffset_atomic64_inc_return(self.0.get()) };
    }

    /// Subtracts one: a full barrier.
    pub(crate) fn decrement(&self) {
        // SAFETY: `self` is a live `atomic64_t`.
        unsafe { bindings::tsoffset_atomic64_dec_return(self.0.get()) };
    }

    /// Returns the count, by an acquire load.
    #[inline]
    pub(crate) fn load_acquire(&self) -> u64 {
        // SAFETY: `self` is a live `atomic64_t`, which holds one aligned 64-bit integer.
        unsafe { ordered::load_acquire(self.0.get().cast()) }
    }
}

/// Loads from kernel memory that may be unmapped; `None` if it is. `copy_from_kernel_nofault()`: any context.
pub(crate) fn read_nofault<T: Scalar>(from: *const T) -> Option<T> {
    let mut value = core::mem::MaybeUninit::<T>::uninit();
    // SAFETY: There is room for that many bytes, and their source may be invalid. With status 0, all bytes were
    // written.
    unsafe {
        let status = bindings::copy_from_kernel_nofault(
            value.as_mut_ptr().cast(),
            from.cast(),
            size_of::<T>(),
        );
        (status == 0).then(|| value.assume_init())
    }
}

#[cfg(tsoffset_kunit)]
#[kernel::prelude::kunit_tests(tsoffset_marked)]
mod tests {
    use super::{Marked, SharedCounter};

    #[test]
    fn stores_are_loaded() {
        let word = Marked::new(1);
        word.store(u64::MAX);
        assert_eq!(word.load(), u64::MAX);
        word.store_release(0x1234_5678_9abc_def0);
        assert_eq!(word.load(), 0x1234_5678_9abc_def0);
        word.add_release(0x10);
        assert_eq!(word.load(), 0x1234_5678_9abc_df00);
        word.add_release(u64::MAX);
        assert_eq!(word.load(), 0x1234_5678_9abc_deff);
    }

    #[test]
    fn counters_count() {
        let counter = SharedCounter::new();
        counter.increment();
        counter.increment();
        assert_eq!(counter.load_acquire(), 2);
    }
}
