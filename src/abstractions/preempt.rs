// SPDX-License-Identifier: GPL-2.0

//! Preemption, off for a while.
//!
//! C header: [`include/linux/preempt.h`](srctree/include/linux/preempt.h)

use core::marker::PhantomData;

use super::compat::interrupt::LocalInterruptDisabled;

/// Proof that the task stays on this CPU, and that no grace period of RCU ends, for `'a`.
///
/// Handlers of probes are given one. The kernel crate has such a proof for interrupts that are off
/// (`LocalInterruptDisabled`), which is more than they may count on.
///
/// # Invariants
///
/// Preemption is off for `'a`, on the CPU this runs on.
#[derive(Clone, Copy)]
pub(crate) struct PreemptDisabled<'a> {
    _off: PhantomData<&'a ()>,
    // Not to be sent to another task.
    _here: PhantomData<*mut ()>,
}

impl PreemptDisabled<'_> {
    /// Takes the caller's word for it. Where lock debugging is on, the kernel checks it.
    ///
    /// # Safety
    ///
    /// Preemption is off, for the lifetime that the caller chooses.
    #[inline(always)]
    pub(super) unsafe fn assume() -> Self {
        #[cfg(CONFIG_PROVE_LOCKING)]
        // SAFETY: It looks at this CPU's counts only.
        unsafe {
            crate::bindings::tsoffset_lockdep_assert_preemption_disabled();
        }
        // INVARIANT: As the caller promises.
        Self {
            _off: PhantomData,
            _here: PhantomData,
        }
    }
}

impl<'a> From<&'a LocalInterruptDisabled> for PreemptDisabled<'a> {
    /// Who is not interrupted is not preempted.
    #[inline(always)]
    fn from(_off: &'a LocalInterruptDisabled) -> Self {
        // SAFETY: Interrupts are off while that lives: the scheduler cannot take this CPU, unless the code itself calls it, which no
        // code may do then.
        unsafe { Self::assume() }
    }
}
