// SPDX-License-Identifier: GPL-2.0

//! A value that readers load while a writer replaces it: RCU.
//!
//! C header: [`include/linux/rcupdate.h`](srctree/include/linux/rcupdate.h)

use core::{
    cell::UnsafeCell,
    marker::PhantomData,
    ptr::null_mut, //
};

use kernel::{
    new_mutex,
    sync::Mutex, //
};

use super::{
    compat::{
        prelude::*,
        rcu::{
            synchronize_rcu,
            Guard, //
        }, //
    },
    preempt::PreemptDisabled, //
};
use crate::bindings;

/// Proof that, for `'a`, data that RCU readers see is not freed. The proof is the read lock or disabled preemption: a
/// grace period waits for both (Documentation/RCU/rcu.rst).
#[derive(Clone, Copy)]
pub(crate) struct ReadSection<'a>(PhantomData<&'a Guard>);

impl<'a> From<&'a Guard> for ReadSection<'a> {
    #[inline(always)]
    fn from(_guard: &'a Guard) -> Self {
        Self(PhantomData)
    }
}

impl<'a> From<PreemptDisabled<'a>> for ReadSection<'a> {
    #[inline(always)]
    fn from(_off: PreemptDisabled<'a>) -> Self {
        Self(PhantomData)
    }
}

/// An optional value. A read never waits; a replacement waits for readers.
///
/// # Invariants
///
/// The pointer is null, or came from `KBox::into_raw` and has no other owner. It is written with the mutex held, and
/// the old value is freed a grace period later.
#[pin_data(PinnedDrop)]
pub(crate) struct RcuCell<T> {
    #[pin]
    replacing: Mutex<()>,
    pointer: UnsafeCell<*mut T>,
}

// SAFETY: Readers on any CPU share the value, and any thread may replace and drop it.
unsafe impl<T: Send + Sync> Send for RcuCell<T> {}
// SAFETY: Readers share the value, which is `Sync`. A thread may replace and drop the value of another thread, as it
// is `Send`.
unsafe impl<T: Send + Sync> Sync for RcuCell<T> {}

impl<T> RcuCell<T> {
    /// Returns a cell without a value.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            replacing <- new_mutex!((), "tsoffset::rcu"),
            pointer: UnsafeCell::new(null_mut()),
        })
    }

    /// Returns the value. Any context.
    #[inline]
    pub(crate) fn get<'a>(&'a self, _reading: impl Into<ReadSection<'a>>) -> Option<&'a T> {
        // SAFETY: A marked load of a live pointer. The value was published by a release. It is freed a grace period
        // after its replacement, which does not end before `'a` does.
        unsafe { self.pointer.get().read_volatile().as_ref() }
    }

    /// Replaces the value. The old value has no reader when this returns. May sleep.
    ///
    /// The current task must not have a [`Guard`], or it would wait for itself, nor hold a spin lock. The compiler
    /// does not check this, as for any function of the kernel crate that sleeps. lockdep and
    /// `CONFIG_DEBUG_ATOMIC_SLEEP` do, if the kernel has them.
    pub(crate) fn replace(&self, value: Option<KBox<T>>) {
        let _guard = self.replacing.lock();
        // SAFETY: The mutex is held, so no other code writes.
        let old = unsafe { self.pointer.get().read_volatile() };
        let new = value.map_or(null_mut(), KBox::into_raw);

        // SAFETY: A pointer is a word, and readers use marked loads.
        unsafe { bindings::tsoffset_smp_store_release(self.pointer.get().cast(), new as u64) };
        if !old.is_null() {
            synchronize_rcu();
            // SAFETY: It came from `into_raw`, and has no user any more.
            drop(unsafe { KBox::from_raw(old) });
        }
    }
}

#[pinned_drop]
impl<T> PinnedDrop for RcuCell<T> {
    fn drop(self: Pin<&mut Self>) {
        self.replace(None);
    }
}
