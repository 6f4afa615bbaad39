// SPDX-License-Identifier: GPL-2.0

//! Disabling of interrupts on this CPU. The crates of 6.12 and 7.2 lack it.
//!
//! C header: [`include/linux/irqflags.h`](srctree/include/linux/irqflags.h)

#[cfg(kernel_has_interrupt)]
pub(crate) use kernel::interrupt::{
    local_interrupt_disable,
    LocalInterruptDisabled, //
};

#[cfg(not(kernel_has_interrupt))]
pub(crate) use lacking::{
    local_interrupt_disable,
    LocalInterruptDisabled, //
};

#[cfg(not(kernel_has_interrupt))]
mod lacking {
    use core::marker::PhantomData;

    use kernel::ffi::c_ulong;

    use crate::{
        abstractions::compat::prelude::NotThreadSafe,
        bindings, //
    };

    /// A guard: while it lives, no interrupt and no softirq runs on this CPU, and the task stays there.
    ///
    /// # Invariants
    ///
    /// The interrupts of this CPU are off, and the field has the flags from before. Guards are dropped in the reverse
    /// order of their creation.
    // Must not be sent to another task.
    pub(crate) struct LocalInterruptDisabled(c_ulong, NotThreadSafe);

    /// Disables interrupts until the guard is dropped. Any context but NMI.
    #[inline]
    pub(crate) fn local_interrupt_disable() -> LocalInterruptDisabled {
        // INVARIANT: Interrupts are disabled here.
        // SAFETY: `drop` restores the flags.
        LocalInterruptDisabled(unsafe { bindings::tsoffset_local_irq_save() }, PhantomData)
    }

    impl Drop for LocalInterruptDisabled {
        #[inline]
        fn drop(&mut self) {
            // SAFETY: By the type invariant, these are the flags from before.
            unsafe { bindings::tsoffset_local_irq_restore(self.0) };
        }
    }
}
