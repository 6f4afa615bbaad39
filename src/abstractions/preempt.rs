// SPDX-License-Identifier: GPL-2.0

//! Disabled preemption.
//!
//! C header: [`include/linux/preempt.h`](srctree/include/linux/preempt.h)

use core::marker::PhantomData;

use super::compat::{
    interrupt::LocalInterruptDisabled,
    prelude::NotThreadSafe, //
};

/// Proof that, for `'a`, the task stays on this CPU and no RCU grace period ends.
///
/// Probe handlers get one. The kernel crate has such a proof for disabled interrupts (`LocalInterruptDisabled`),
/// which probe handlers do not always have.
///
/// # Invariants
///
/// Preemption is off for `'a`, on the current CPU.
#[derive(Clone, Copy)]
pub(crate) struct PreemptDisabled<'a> {
    _off: PhantomData<&'a ()>,
    _cpu: NotThreadSafe,
}

impl PreemptDisabled<'_> {
    /// Creates a proof without a check. With lock debugging, the kernel checks it.
    ///
    /// # Safety
    ///
    /// Preemption is off, for the lifetime that the caller chooses.
    #[inline(always)]
    pub(super) unsafe fn assume() -> Self {
        #[cfg(CONFIG_PROVE_LOCKING)]
        // SAFETY: The function reads the counters of this CPU only.
        unsafe {
            crate::bindings::tsoffset_lockdep_assert_preemption_disabled();
        }
        // INVARIANT: The caller guarantees it.
        Self {
            _off: PhantomData,
            _cpu: PhantomData,
        }
    }
}

impl<'a> From<&'a LocalInterruptDisabled> for PreemptDisabled<'a> {
    /// A CPU with interrupts off is not preempted.
    #[inline(always)]
    fn from(_off: &'a LocalInterruptDisabled) -> Self {
        // SAFETY: Interrupts are off while the guard lives. The scheduler runs only if the code calls it, and no code
        // may do that with interrupts off.
        unsafe { Self::assume() }
    }
}
