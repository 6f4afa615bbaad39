// SPDX-License-Identifier: GPL-2.0

//! The clock for probe handlers.
//!
//! C header: [`include/linux/timekeeping.h`](srctree/include/linux/timekeeping.h)

use crate::bindings;

/// Returns `CLOCK_BOOTTIME` in nanoseconds: the time since boot, including suspend. Any context.
pub(crate) fn boot_ns() -> u64 {
    // SAFETY: The function has no requirements; it is made for any context.
    unsafe { bindings::ktime_get_boot_fast_ns() }
}
