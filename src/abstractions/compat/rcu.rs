// SPDX-License-Identifier: GPL-2.0

//! The read side of RCU.
//!
//! C header: [`include/linux/rcupdate.h`](srctree/include/linux/rcupdate.h)

#[cfg(kernel_has_rcu)]
pub(crate) use kernel::sync::rcu::Guard;

#[cfg(not(kernel_has_rcu))]
pub(crate) use lacking::Guard;

#[cfg(not(kernel_has_rcu))]
mod lacking {
    use core::marker::PhantomData;

    use crate::bindings;

    /// A guard of the RCU read lock: while it lives, data that readers see is not freed.
    ///
    /// # Invariants
    ///
    /// This CPU holds the read lock.
    // Must not be sent to another task.
    pub(crate) struct Guard(PhantomData<*mut ()>);

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
