// SPDX-License-Identifier: GPL-2.0

//! The read side of RCU, and its grace period. The crate of 6.12 lacks both, and that of 7.2 the grace period.
//!
//! C header: [`include/linux/rcupdate.h`](srctree/include/linux/rcupdate.h)

#[cfg(kernel_has_rcu)]
pub(crate) use kernel::sync::rcu::Guard;

#[cfg(kernel_has_synchronize_rcu)]
pub(crate) use kernel::sync::rcu::synchronize_rcu;

/// Waits for an RCU grace period: readers of now end before it returns. Process context, may sleep.
#[cfg(not(kernel_has_synchronize_rcu))]
pub(crate) fn synchronize_rcu() {
    // SAFETY: The function has no requirement but the process context, which its caller has as for any function that
    // sleeps.
    unsafe { crate::bindings::synchronize_rcu() };
}

#[cfg(not(kernel_has_rcu))]
pub(crate) use lacking::Guard;

#[cfg(not(kernel_has_rcu))]
mod lacking {
    use core::marker::PhantomData;

    use crate::{
        abstractions::compat::prelude::NotThreadSafe,
        bindings, //
    };

    /// A guard of the RCU read lock: while it lives, data that readers see is not freed.
    ///
    /// # Invariants
    ///
    /// This CPU holds the read lock.
    pub(crate) struct Guard(NotThreadSafe);

    impl Guard {
        /// Takes the read lock. Any context.
        #[inline]
        pub(crate) fn new() -> Self {
            // SAFETY: Allowed in any context; `drop` releases the lock.
            unsafe { bindings::tsoffset_rcu_read_lock() };
            // INVARIANT: The lock was just taken.
            Self(PhantomData)
        }
    }

    impl Drop for Guard {
        #[inline]
        fn drop(&mut self) {
            // SAFETY: By the type invariant, the lock is held.
            unsafe { bindings::tsoffset_rcu_read_unlock() };
        }
    }
}
