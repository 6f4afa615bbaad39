// SPDX-License-Identifier: GPL-2.0

//! Network namespaces.
//!
//! C header: [`include/net/net_namespace.h`](srctree/include/net/net_namespace.h)

use core::marker::PhantomData;

use crate::bindings;

/// A network namespace that a live object holds.
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
        // INVARIANT: The caller guarantees it.
        Self {
            net,
            _held: PhantomData,
        }
    }

    /// Returns the initial network namespace.
    pub(crate) fn initial() -> Net<'static> {
        // SAFETY: `init_net` always exists.
        unsafe { Net::from_raw(&raw const bindings::init_net) }
    }

    /// Returns the kernel's pointer.
    pub(crate) fn as_ptr(self) -> *const bindings::net {
        self.net
    }

    /// Returns a pointer to the field at an offset of the C compiler (`bindings::layout`).
    ///
    /// `struct net` has a union with an unnamed member of a named type (-fms-extensions), in `struct ns_common`. Where
    /// bindgen omits that member, as in the kernel crate of 7.2, the type of Rust is too small.
    #[inline(always)]
    pub(crate) fn field<T>(self, offset: usize) -> *const T {
        self.net.wrapping_byte_add(offset).cast()
    }

    /// Returns the user namespace that owns it.
    pub(super) fn user_ns(self) -> *const bindings::user_namespace {
        // SAFETY: The namespace is live, and this is its pointer to the owner. It holds its owner, which does not change.
        unsafe { *self.field(bindings::layout::NET_USER_NS) }
    }

    /// Returns the inode number, as in `/proc/PID/ns/net`: unique among live namespaces.
    #[inline]
    pub(crate) fn inum(self) -> u32 {
        // SAFETY: The namespace is live, and this is its number, which does not change.
        unsafe { *self.field(bindings::layout::NET_INUM) }
    }
}
