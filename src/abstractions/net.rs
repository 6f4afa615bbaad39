// SPDX-License-Identifier: GPL-2.0

//! A network namespace.
//!
//! C header: [`include/net/net_namespace.h`](srctree/include/net/net_namespace.h)

use core::marker::PhantomData;

use crate::bindings;

/// A network namespace, for as long as something that belongs to it lives.
///
/// # Invariants
///
/// The pointer is a live `struct net` for `'a`.
#[derive(Clone, Copy)]
pub(crate) struct Net<'a> {
    net: *const bindings::net,
    _held: PhantomData<&'a bindings::net>,
}

impl Net<'_> {
    /// # Safety
    ///
    /// `net` is a live `struct net` for the lifetime that the caller chooses.
    pub(crate) unsafe fn from_raw(net: *const bindings::net) -> Self {
        // INVARIANT: As the caller promises.
        Self {
            net,
            _held: PhantomData,
        }
    }

    /// The initial one.
    pub(crate) fn initial() -> Net<'static> {
        // SAFETY: `init_net` always exists.
        unsafe { Net::from_raw(&raw const bindings::init_net) }
    }

    /// The kernel's own.
    pub(crate) fn as_ptr(self) -> *const bindings::net {
        self.net
    }

    /// Its inode number, as `/proc/PID/ns/net` shows it: unique among those that live.
    #[inline]
    pub(crate) fn inum(self) -> u32 {
        // SAFETY: The namespace is live; its number does not change.
        unsafe { (*self.net).ns.inum }
    }
}
