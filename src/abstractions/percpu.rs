// SPDX-License-Identifier: GPL-2.0

//! Per-CPU memory.
//!
//! C header: [`include/linux/percpu.h`](srctree/include/linux/percpu.h)

use core::{
    marker::PhantomData,
    ptr::NonNull, //
};

use super::{
    compat::{
        cpu::nr_cpu_ids,
        prelude::*, //
    },
    preempt::PreemptDisabled, //
};
use crate::bindings;

/// One `T` for every possible CPU, each in separate memory.
///
/// # Invariants
///
/// `base` is a live per-CPU allocation that holds an initialized `T` for every possible CPU.
///
/// upstream/0003 has a compiled example.
pub(crate) struct PerCpu<T: Sync> {
    base: NonNull<c_void>,
    _owns: PhantomData<T>,
}

// SAFETY: It returns shared references only, and `T` may be shared.
unsafe impl<T: Sync + Send> Send for PerCpu<T> {}
// SAFETY: All threads share each CPU's `T`, which is `Sync`.
unsafe impl<T: Sync> Sync for PerCpu<T> {}

impl<T: Sync> PerCpu<T> {
    /// Allocates a `T` for every possible CPU; `make` gets the CPU's number. May sleep.
    ///
    /// Fails with `ENOMEM`.
    pub(crate) fn new(make: impl Fn(u32) -> T) -> Result<Self> {
        const { assert!(!core::mem::needs_drop::<T>()) };
        // SAFETY: Size and alignment are those of a type.
        let base = unsafe {
            bindings::pcpu_alloc_noprof(
                size_of::<T>(),
                align_of::<T>(),
                false,
                bindings::GFP_KERNEL,
            )
        };
        let base = NonNull::new(base.cast()).ok_or(ENOMEM)?;
        for cpu in possible_cpus() {
            // SAFETY: A possible CPU has `size_of::<T>()` aligned bytes of the allocation.
            unsafe { per_cpu_ptr::<T>(base, cpu).write(make(cpu)) };
        }
        // INVARIANT: Every possible CPU has a `T` now.
        Ok(Self {
            base,
            _owns: PhantomData,
        })
    }

    /// Returns the `T` of the current CPU, for as long as preemption is off.
    #[inline]
    pub(crate) fn this_cpu<'a>(&'a self, _preempt: PreemptDisabled<'a>) -> &'a T {
        // SAFETY: By the type invariant, every possible CPU has a `T`, which lives as long as `self`.
        unsafe { &*this_cpu_ptr(self.base.as_ptr()).cast() }
    }

    /// Returns an iterator over the number and the `T` of every possible CPU, in order.
    pub(crate) fn iter(&self) -> Iter<'_, T> {
        Iter {
            cpus: possible_cpus(),
            of: self,
        }
    }
}

// Named types instead of iterator adaptors: the symbols of generic functions contain the names of their types, and
// src/names.mk limits the length of symbols.

/// An iterator over the number and the `T` of every possible CPU, in order.
pub(crate) struct Iter<'a, T: Sync> {
    cpus: PossibleCpus,
    of: &'a PerCpu<T>,
}

impl<T: Sync> Clone for Iter<'_, T> {
    fn clone(&self) -> Self {
        Self {
            cpus: self.cpus.clone(),
            of: self.of,
        }
    }
}

impl<'a, T: Sync> Iterator for Iter<'a, T> {
    type Item = (u32, &'a T);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let cpu = self.cpus.next()?;
        // SAFETY: By the type invariant, every possible CPU has a `T`, which lives as long as `of`.
        Some((cpu, unsafe { &*per_cpu_ptr(self.of.base, cpu) }))
    }
}

/// An iterator over the numbers of the possible CPUs, in order.
#[derive(Clone)]
pub(crate) struct PossibleCpus {
    previous: Option<u32>,
}

/// `raw_cpu_ptr()` of x86 (arch/x86/include/asm/percpu.h), without a call: the CPU's offset is relative to the
/// segment register.
#[cfg(all(CONFIG_X86_64, CONFIG_SMP))]
#[inline(always)]
fn this_cpu_ptr(base: *mut c_void) -> *mut c_void {
    let offset: usize;
    // SAFETY: It loads a word that every CPU has. The word does not change.
    unsafe {
        core::arch::asm!(
            "mov {}, qword ptr gs:[rip + this_cpu_off]",
            out(reg) offset,
            options(nostack, preserves_flags, readonly)
        );
    }
    base.wrapping_byte_add(offset)
}

/// `raw_cpu_ptr()` by a C function of the kernel.
#[cfg(not(all(CONFIG_X86_64, CONFIG_SMP)))]
#[inline(always)]
fn this_cpu_ptr(base: *mut c_void) -> *mut c_void {
    // SAFETY: This is address arithmetic.
    unsafe { bindings::tsoffset_this_cpu_ptr(base) }
}

/// Returns the address of a CPU's part of an allocation: `per_cpu_ptr()`.
///
/// # Safety
///
/// `cpu` is the number of a possible CPU.
unsafe fn per_cpu_ptr<T>(base: NonNull<c_void>, cpu: u32) -> *mut T {
    // SAFETY: This is address arithmetic, and the caller guarantees a possible CPU.
    unsafe { bindings::tsoffset_per_cpu_ptr(base.as_ptr(), cpu).cast() }
}

/// Returns an iterator over the numbers of the possible CPUs, in order.
pub(crate) fn possible_cpus() -> PossibleCpus {
    PossibleCpus { previous: None }
}

impl Iterator for PossibleCpus {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        let previous = self.previous.map_or(-1, |cpu| cpu as i32);
        // SAFETY: `previous` is -1 or a CPU's number.
        let cpu = unsafe { bindings::tsoffset_next_possible_cpu(previous) };
        if cpu >= nr_cpu_ids() {
            return None;
        }
        self.previous = Some(cpu);
        Some(cpu)
    }
}

impl<T: Sync> Drop for PerCpu<T> {
    fn drop(&mut self) {
        // SAFETY: `base` came from the per-CPU allocator, and no reference is left.
        unsafe { bindings::free_percpu(self.base.as_ptr().cast()) }
    }
}

#[cfg(tsoffset_kunit)]
#[kunit_tests(tsoffset_percpu)]
mod tests {
    use super::PerCpu;
    use crate::abstractions::{
        compat::interrupt::local_interrupt_disable,
        marked::Marked, //
    };

    #[test]
    fn every_cpu_has_its_own() -> Result<(), kernel::error::Error> {
        let words = PerCpu::<Marked>::new(|_| Marked::new(7))?;
        for (cpu, word) in words.iter() {
            assert_eq!(word.load(), 7);
            word.store(u64::from(cpu));
        }
        let right = words
            .iter()
            .all(|(cpu, word)| word.load() == u64::from(cpu));
        assert!(right);
        Ok(())
    }

    #[test]
    fn this_cpu_is_one_of_them() -> Result<(), kernel::error::Error> {
        let words = PerCpu::<Marked>::new(|_| Marked::new(0))?;
        let interrupts = local_interrupt_disable();
        words.this_cpu((&interrupts).into()).increment();
        drop(interrupts);
        let sum: u64 = words.iter().map(|(_, word)| word.load()).sum();
        assert_eq!(sum, 1);
        Ok(())
    }
}
