// SPDX-License-Identifier: GPL-2.0

//! Marked accesses: READ_ONCE, WRITE_ONCE and their ordered relatives.
//!
//! C headers: [`include/asm-generic/rwonce.h`](srctree/include/asm-generic/rwonce.h),
//! [`include/asm-generic/barrier.h`](srctree/include/asm-generic/barrier.h)
//!
//! The model is the Linux kernel's (tools/memory-model), not Rust's: what another CPU may see at the
//! same time is reached through these and never through `core::sync::atomic`.
//!
//! A marked load or store is one volatile access, as in C: one instruction of the operand's size, not
//! torn, not repeated, not invented, and known as marked to KCSAN where the module is instrumented.
//! It orders nothing. The kernel crate's `Atomic` gives the same guarantee on kernels that have it,
//! through a call into a C helper for each access; a probe handler makes too many of them for that.
//!
//! Ordered loads and stores are the kernel's own, through a call of a C function each, but on x86: there the machine keeps
//! loads in order, and stores, and the kernel's macros come down to a marked access and a barrier for the compiler
//! (arch/x86/include/asm/barrier.h), which `ordered` does as well. Not under KCSAN, whose hooks are in the macros.

use core::cell::UnsafeCell;

use crate::bindings;

/// An integer that the machine loads and stores in one piece.
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
/// `p` is aligned and valid for reads. Others may write it at the same time, by marked stores.
#[inline(always)]
pub(crate) unsafe fn read_once<T: Scalar>(p: *const T) -> T {
    // SAFETY: The caller promises a readable, aligned `p`; any bit pattern is a valid `T`.
    unsafe { p.read_volatile() }
}

/// A 64-bit word that one CPU writes and any CPU may read, or any may write atomically.
#[repr(transparent)]
pub(crate) struct Marked(UnsafeCell<u64>);

// SAFETY: Every access is marked, so sharing it between CPUs is defined by the kernel's memory model.
unsafe impl Sync for Marked {}

impl Marked {
    /// A word that nobody else has yet.
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
        // SAFETY: `self` is a live, aligned `u64` that is never reached but by marked accesses.
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
        // SAFETY: `self` is a live, aligned `u64` that is never reached but by marked accesses.
        unsafe { ordered::store_release(self.0.get(), value) }
    }

    /// `cmpxchg`: whether the word was `old`.
    #[inline(always)]
    pub(crate) fn compare_exchange(&self, old: u64, new: u64) -> bool {
        // SAFETY: `self` is a live, aligned `u64` that is never reached but by marked accesses.
        unsafe { bindings::tsoffset_cmpxchg(self.0.get(), old, new) == old }
    }

    /// `xchg`.
    #[inline(always)]
    pub(crate) fn exchange(&self, value: u64) -> u64 {
        // SAFETY: `self` is a live, aligned 64-bit integer that is written by marked and atomic accesses only.
        unsafe { bindings::tsoffset_xchg(self.0.get(), value) }
    }

    /// `atomic64_fetch_or`.
    #[inline(always)]
    pub(crate) fn fetch_or(&self, bits: u64) -> u64 {
        // SAFETY: `self` is a live, aligned 64-bit integer, as an `atomic64_t` is.
        unsafe { bindings::tsoffset_atomic64_fetch_or(bits as i64, self.0.get().cast()) as u64 }
    }

    /// `atomic64_inc_return`.
    #[inline(always)]
    pub(crate) fn increment(&self) -> u64 {
        // SAFETY: `self` is a live, aligned 64-bit integer that is written by marked and atomic accesses only.
        unsafe { ordered::add_return(self.0.get(), 1) }
    }

    /// `atomic64_dec_return`.
    #[inline(always)]
    pub(crate) fn decrement(&self) {
        // SAFETY: `self` is a live, aligned 64-bit integer that is written by marked and atomic accesses only.
        unsafe { ordered::add_return(self.0.get(), -1) };
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

/// `smp_load_acquire`, `smp_store_release`, `smp_rmb`, `smp_wmb` and `atomic64_add_return` of x86, without a call.
#[cfg(all(CONFIG_X86_64, CONFIG_SMP, not(CONFIG_KCSAN)))]
mod ordered {
    use core::arch::asm;

    use super::read_once;

    /// `barrier()`: the compiler moves no access to memory across it.
    #[inline(always)]
    fn barrier() {
        // SAFETY: No instruction. Without the options that say otherwise it may do anything to memory.
        unsafe { asm!("", options(nostack, preserves_flags)) };
    }

    /// # Safety
    ///
    /// As for [`read_once`].
    #[inline(always)]
    pub(super) unsafe fn load_acquire(p: *const u64) -> u64 {
        // SAFETY: The caller promises it.
        let value = unsafe { read_once(p) };
        barrier();
        value
    }

    /// # Safety
    ///
    /// `p` is aligned and valid for writes, and others reach it by marked accesses only.
    #[inline(always)]
    pub(super) unsafe fn store_release(p: *mut u64, value: u64) {
        barrier();
        // SAFETY: The caller promises it.
        unsafe { p.write_volatile(value) };
    }

    /// Adds, and says what there is then: a full barrier.
    ///
    /// # Safety
    ///
    /// `p` is aligned and valid for writes, and others reach it by marked and atomic accesses only.
    #[inline(always)]
    pub(super) unsafe fn add_return(p: *mut u64, addend: i64) -> u64 {
        let mut value = addend as u64;
        // SAFETY: The caller promises a live word, which this adds to in one step.
        unsafe {
            asm!("lock xadd qword ptr [{p}], {value}", p = in(reg) p, value = inout(reg) value, options(nostack));
        }
        value.wrapping_add(addend as u64)
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

/// The kernel's own.
#[cfg(not(all(CONFIG_X86_64, CONFIG_SMP, not(CONFIG_KCSAN))))]
mod ordered {
    use crate::bindings;

    pub(super) use bindings::{
        tsoffset_smp_load_acquire as load_acquire,
        tsoffset_smp_store_release as store_release, //
    };

    /// Adds, and says what there is then: a full barrier.
    ///
    /// # Safety
    ///
    /// `p` is aligned and valid for writes, and others reach it by marked and atomic accesses only.
    #[inline(always)]
    pub(super) unsafe fn add_return(p: *mut u64, addend: i64) -> u64 {
        // SAFETY: The caller promises a live, aligned 64-bit integer, as an `atomic64_t` is.
        unsafe { bindings::tsoffset_atomic64_add_return(addend, p.cast()) as u64 }
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

/// A counter that any CPU may advance: `atomic64_t`.
///
/// Every increment writes a shared cache line; it is for rare events only.
#[repr(transparent)]
pub(crate) struct SharedCounter(UnsafeCell<bindings::atomic64_t>);

// SAFETY: `atomic64_t` is made for concurrent access.
unsafe impl Sync for SharedCounter {}
// SAFETY: It holds a number and nothing that belongs to a thread.
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

    /// Takes one away: a full barrier.
    pub(crate) fn decrement(&self) {
        // SAFETY: `self` is a live `atomic64_t`.
        unsafe { bindings::tsoffset_atomic64_dec_return(self.0.get()) };
    }

    /// The count, by a load that orders what follows behind it.
    #[inline]
    pub(crate) fn load_acquire(&self) -> u64 {
        // SAFETY: `self` is a live `atomic64_t`, which holds one aligned 64-bit integer.
        unsafe { ordered::load_acquire(self.0.get().cast()) }
    }
}

/// What may be there in the kernel's memory; none where nothing is. `copy_from_kernel_nofault()`: any context.
pub(crate) fn read_nofault<T: Scalar>(from: *const T) -> Option<T> {
    let mut value = core::mem::MaybeUninit::<T>::uninit();
    // SAFETY: There is room for that many bytes; what they are read from need not be valid. Where it says so, all were written.
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
    use crate::model::word::Word;

    #[test]
    fn stores_are_loaded() {
        let word = Marked::new(1);
        word.store(u64::MAX);
        assert_eq!(word.load(), u64::MAX);
        word.bump();
        assert_eq!(word.load_acquire(), 0);
        word.store_release(0x1234_5678_9abc_def0);
        assert_eq!(word.load(), 0x1234_5678_9abc_def0);
    }

    #[test]
    fn counters_count() {
        let counter = SharedCounter::new();
        counter.increment();
        counter.increment();
        assert_eq!(counter.load_acquire(), 2);
    }
}
