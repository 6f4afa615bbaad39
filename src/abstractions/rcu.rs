// SPDX-License-Identifier: GPL-2.0

//! A value that is replaced as a whole while others read it: RCU.
//!
//! C header: [`include/linux/rcupdate.h`](srctree/include/linux/rcupdate.h)

use core::{
    cell::UnsafeCell,
    ptr::null_mut, //
};

use kernel::{
    new_mutex,
    sync::Mutex, //
};

use super::compat::{
    prelude::*,
    rcu::Guard, //
};
use crate::bindings;

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
// SAFETY: As above.
unsafe impl<T: Send + Sync> Sync for RcuCell<T> {}

impl<T> RcuCell<T> {
    /// Without a value.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            replacing <- new_mutex!((), "tsoffset::rcu"),
            pointer: UnsafeCell::new(null_mut()),
        })
    }

    /// Looks at the value. Any context, `look` included: it must not sleep.
    #[inline]
    pub(crate) fn with<R>(&self, look: impl FnOnce(Option<&T>) -> R) -> R {
        // SAFETY: A marked load of a live pointer. Where there is no value nothing needs protection.
        if unsafe { self.pointer.get().read_volatile() }.is_null() {
            return look(None);
        }
        let _guard = Guard::new();
        // SAFETY: A marked load, as before; what it points to was published with release and is not freed
        // before the guard is gone.
        look(unsafe { self.pointer.get().read_volatile().as_ref() })
    }

    /// Puts another value in its place, or none. When this returns, nobody looks at the old one. May sleep.
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
