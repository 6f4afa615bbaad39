// SPDX-License-Identifier: GPL-2.0

//! A network namespace's TCP settings.
//!
//! C header: [`include/net/netns/ipv4.h`](srctree/include/net/netns/ipv4.h)

use core::marker::PhantomData;

use crate::{
    abstractions::marked::read_once,
    bindings, //
};

/// A network namespace, for as long as something that belongs to it lives.
#[derive(Clone, Copy)]
pub(crate) struct Namespace<'a> {
    net: *const bindings::net,
    _held: PhantomData<&'a bindings::net>,
}

impl<'a> Namespace<'a> {
    /// # Safety
    ///
    /// `net` is a live `struct net` for `'a`.
    pub(super) unsafe fn from_raw(net: *const bindings::net) -> Self {
        Self {
            net,
            _held: PhantomData,
        }
    }

    /// The initial one.
    pub(crate) fn initial() -> Namespace<'static> {
        // SAFETY: `init_net` always exists.
        unsafe { Namespace::from_raw(&raw const bindings::init_net) }
    }

    pub(super) fn as_ptr(self) -> *const bindings::net {
        self.net
    }

    /// Its inode number, as `/proc/PID/ns/net` shows it: unique among those that live.
    #[inline]
    pub(crate) fn inum(self) -> u32 {
        // SAFETY: The namespace is live; its number does not change.
        unsafe { (*self.net).ns.inum }
    }

    /// `net.ipv4.tcp_timestamps`: 0 off, 1 with an offset for each connection, 2 without offset
    /// (Documentation/networking/ip-sysctl.rst). A marked load, as it may change at any time.
    #[inline]
    pub(crate) fn tcp_timestamps(self) -> u8 {
        // SAFETY: The namespace is live; the kernel writes this sysctl with marked stores.
        unsafe { read_once(&raw const (*self.net).ipv4.sysctl_tcp_timestamps) }
    }
}
