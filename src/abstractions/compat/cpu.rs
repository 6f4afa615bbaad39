// SPDX-License-Identifier: GPL-2.0

//! The number of CPUs. For 6.12, whose crate lacks it.
//!
//! C header: [`include/linux/cpumask.h`](srctree/include/linux/cpumask.h)

#[cfg(kernel_has_nr_cpu_ids)]
pub(crate) use kernel::cpu::nr_cpu_ids;

/// Returns a number larger than that of every possible CPU.
#[cfg(not(kernel_has_nr_cpu_ids))]
#[inline]
pub(crate) fn nr_cpu_ids() -> u32 {
    // SAFETY: It reads a number that the kernel sets once at boot.
    unsafe { crate::bindings::tsoffset_nr_cpu_ids() }
}
