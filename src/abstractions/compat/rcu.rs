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

    /// While it lives, what RCU readers see stays.
    ///
    /// # Invariants
    ///
    /// The read side is locked, by this CPU.
    // Not to be sent to another task.
    pub(crate) struct Guard(PhantomData<*mut ()>);

    impl Guard {
        /// Locks it. Any context.
        #[inline]
        pub(crate) fn new() -> Self {
            // SAFETY: Any context may; the counterpart is in `drop`.
            unsafe { bindings::tsoffset_rcu_read_lock() };
            // INVARIANT: It was just locked.
            Self(PhantomData)
        }
    }

    impl Drop for Guard {
        #[inline]
        fn drop(&mut self) {
            // SAFETY: By the type invariant it is locked.
            unsafe { bindings::tsoffset_rcu_read_unlock() };
        }
    }
}
