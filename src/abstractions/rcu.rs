// SPDX-License-Identifier: GPL-2.0

//! A value that is replaced as a whole while others read it: RCU.
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
        rcu::Guard, //
    },
    preempt::PreemptDisabled, //
};
use crate::bindings;

/// Proof that what RCU readers see stays, for `'a`: of the read lock, or of preemption being off, for which a grace
/// period waits as well (Documentation/RCU/rcu.rst).
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

/// A value or none. Reading it waits for nobody; replacing it waits for those who read.
///
/// # Invariants
///
/// The pointer is null or one that `KBox::into_raw` gave, which nobody else has. It is written with the
/// mutex held, and what it pointed to is freed a grace period later.
#[pin_data(PinnedDrop)]
pub(crate) struct RcuCell<T> {
    #[pin]
    replacing: Mutex<()>,
    pointer: UnsafeCell<*mut T>,
}

// SAFETY: The value is shared with readers on any CPU and dropped by whoever replaces it.
unsafe impl<T: Send + Sync> Send for RcuCell<T> {}
// SAFETY: Readers share the value, which is `Sync`; whoever replaces it drops one that another thread made, which is `Send`.
unsafe impl<T: Send + Sync> Sync for RcuCell<T> {}

impl<T> RcuCell<T> {
    /// Without a value.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            replacing <- new_mutex!((), "tsoffset::rcu"),
            pointer: UnsafeCell::new(null_mut()),
        })
    }

    /// The value. Any context.
    #[inline]
    pub(crate) fn get<'a>(&'a self, _reading: impl Into<ReadSection<'a>>) -> Option<&'a T> {
        // SAFETY: A marked load of a live pointer. What it points to was published with release and is not freed before
        // a grace period has gone by, which does not end before `'a` does.
        unsafe { self.pointer.get().read_volatile().as_ref() }
    }

    /// Puts another value in its place, or none. When this returns, nobody looks at the old one. May sleep.
    ///
    /// Not while the current task has a [`Guard`], or a spin lock: it would wait for itself. The compiler does not see that, as it
    /// does not of any function of the kernel crate that sleeps; lockdep and `CONFIG_DEBUG_ATOMIC_SLEEP` do, where the kernel has
    /// them.
    pub(crate) fn replace(&self, value: Option<KBox<T>>) {
        let _guard = self.replacing.lock();
        // SAFETY: The mutex is held, so nobody else writes.
        let old = unsafe { self.pointer.get().read_volatile() };
        let new = value.map_or(null_mut(), KBox::into_raw);

        // SAFETY: A pointer is a word, and readers load it with marked loads.
        unsafe { bindings::tsoffset_smp_store_release(self.pointer.get().cast(), new as u64) };
        if !old.is_null() {
            // SAFETY: Process context.
            unsafe { bindings::synchronize_rcu() };
            // SAFETY: It came from `into_raw`, and nobody has it any more.
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
