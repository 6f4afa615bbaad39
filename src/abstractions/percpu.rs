// SPDX-License-Identifier: GPL-2.0

//! Per-CPU memory.
//!
//! C header: [`include/linux/percpu.h`](srctree/include/linux/percpu.h)

use core::{
    marker::PhantomData,
    ptr::NonNull, //
};

use super::{
    compat::prelude::*,
    fault,
    preemption::PreemptionDisabled, //
};
use crate::bindings;

/// One `T` for every possible CPU, each in memory of its own.
///
/// # Invariants
///
/// `base` is a live per-CPU allocation that holds an initialized `T` for every possible CPU.
///
/// # Examples
///
/// ```ignore
/// let counters = PerCpu::new(|_cpu| Counters::<Marked>::new())?;
/// counters.this_cpu(here).called(); // in a probe handler
/// let total: u64 = counters.iter().map(|(_, c)| c.calls()).sum();
/// ```
pub(crate) struct PerCpu<T: Sync> {
    base: NonNull<c_void>,
    _owns: PhantomData<T>,
}

// SAFETY: It hands out shared references only, and `T` may be shared.
unsafe impl<T: Sync + Send> Send for PerCpu<T> {}
// SAFETY: As above.
unsafe impl<T: Sync> Sync for PerCpu<T> {}

impl<T: Sync> PerCpu<T> {
    /// Allocates and makes one for every possible CPU, by its number. May sleep.
    ///
    /// Fails with `ENOMEM`.
    pub(crate) fn new(make: impl Fn(u32) -> T) -> Result<Self> {
        const { assert!(!core::mem::needs_drop::<T>()) };
        fault::point()?;
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
            unsafe { place::<T>(base, cpu).write(make(cpu)) };
        }
        // INVARIANT: Every possible CPU has a `T` now.
        Ok(Self {
            base,
            _owns: PhantomData,
        })
    }

    /// The `T` of the CPU this runs on, for as long as it runs there.
    #[inline]
    pub(crate) fn this_cpu<'a>(&'a self, _here: PreemptionDisabled<'a>) -> &'a T {
        // SAFETY: By the type invariant every possible CPU has a `T`, living as long as `self`.
        unsafe { &*bindings::tsoffset_this_cpu_ptr(self.base.as_ptr()).cast() }
    }

    /// Every possible CPU's number and `T`, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        // SAFETY: By the type invariant every possible CPU has a `T`, living as long as `self`.
        possible_cpus().map(|cpu| (cpu, unsafe { &*place(self.base, cpu) }))
    }
}

/// Where a possible CPU's part of an allocation is.
fn place<T>(base: NonNull<c_void>, cpu: u32) -> *mut T {
    // SAFETY: This is address arithmetic with the number of a possible CPU.
    unsafe { bindings::tsoffset_per_cpu_ptr(base.as_ptr(), cpu).cast() }
}

/// The numbers of the possible CPUs.
pub(crate) fn possible_cpus() -> impl Iterator<Item = u32> {
    let mut previous = -1;
    core::iter::from_fn(move || {
        // SAFETY: `previous` is -1 or a CPU's number.
        let cpu = unsafe { bindings::tsoffset_next_possible_cpu(previous) };
        previous = cpu as i32;
        // SAFETY: It reads a number that is set once at boot.
        (cpu < unsafe { bindings::tsoffset_nr_cpu_ids() }).then_some(cpu)
    })
}

impl<T: Sync> Drop for PerCpu<T> {
    fn drop(&mut self) {
        // SAFETY: `base` came from the per-CPU allocator and nobody holds a reference any more.
        unsafe { bindings::free_percpu(self.base.as_ptr().cast()) }
    }
}

#[cfg(tsoffset_variant = "kunit")]
#[kunit_tests(tsoffset_percpu)]
mod tests {
    use super::PerCpu;
    use crate::{
        abstractions::{
            compat::interrupt::local_interrupt_disable,
            marked::Marked, //
        },
        core::word::Word, //
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
        words.this_cpu((&interrupts).into()).bump();
        drop(interrupts);
        let sum: u64 = words.iter().map(|(_, word)| word.load()).sum();
        assert_eq!(sum, 1);
        Ok(())
    }
}
