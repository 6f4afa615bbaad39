// SPDX-License-Identifier: GPL-2.0

//! A TCP socket of the module.
//!
//! C header: [`include/linux/net.h`](srctree/include/linux/net.h)

use core::ptr::{
    null_mut,
    NonNull, //
};

use kernel::error::to_result;

use crate::{abstractions::compat::prelude::*, bindings};

/// A TCP socket in the initial network namespace, never bound and never connected.
///
/// # Invariants
///
/// The pointer is a live `struct socket` with a `struct sock`, and no other code has the pointer.
pub(crate) struct KernelSocket(NonNull<bindings::socket>);

// SAFETY: Its operations lock the socket, so it may be used from any thread.
unsafe impl Send for KernelSocket {}
// SAFETY: Each kernel function that this type calls takes the socket lock.
unsafe impl Sync for KernelSocket {}

impl KernelSocket {
    /// Creates a socket of IPv6. May sleep, and may load the `ipv6` module.
    ///
    /// Fails with `EAFNOSUPPORT` where IPv6 is off.
    pub(crate) fn tcp6() -> Result<Self> {
        Self::tcp(bindings::AF_INET6)
    }

    /// Creates a socket of IPv4. May sleep.
    pub(crate) fn tcp4() -> Result<Self> {
        Self::tcp(bindings::AF_INET)
    }

    fn tcp(family: u32) -> Result<Self> {
        let mut socket = null_mut();
        // SAFETY: `init_net` always exists and `socket` is a place for the result.
        to_result(unsafe {
            bindings::sock_create_kern(
                &raw mut bindings::init_net,
                family as i32,
                bindings::sock_type_SOCK_STREAM as i32,
                bindings::IPPROTO_TCP as i32,
                &mut socket,
            )
        })?;
        // INVARIANT: On success the kernel returns a live socket, and this value owns it.
        Ok(Self(NonNull::new(socket).ok_or(EIO)?))
    }

    /// Returns the address of the `struct sock`, for comparison. Never shown to users.
    pub(crate) fn address(&self) -> usize {
        // SAFETY: The socket is live.
        unsafe { (*self.0.as_ptr()).sk as usize }
    }

    /// Calls the protocol's connect with an address that is too short. The kernel rejects it first, without side
    /// effects. Takes the socket lock; may sleep.
    ///
    /// Fails with `EINVAL` if the kernel works as expected.
    pub(crate) fn connect_refused(&self) -> Result {
        let mut address = bindings::sockaddr_in6 {
            sin6_family: bindings::AF_INET6 as u16,
            ..Default::default()
        };
        // SAFETY: The socket is live, and `address` is larger than any length that the kernel reads from it.
        to_result(unsafe {
            bindings::tsoffset_sk_connect(self.0.as_ptr(), (&raw mut address).cast(), 0)
        })
    }

    /// Calls the protocol's getsockopt for `TCP_TIMESTAMP` with invalid pointers. The kernel rejects them first,
    /// without side effects. May sleep.
    ///
    /// Fails with `EFAULT` if the kernel works as expected.
    pub(crate) fn timestamp_refused(&self) -> Result {
        // SAFETY: The socket is live, and has a protocol.
        to_result(unsafe {
            bindings::tsoffset_sk_getsockopt_nowhere(
                self.0.as_ptr(),
                bindings::SOL_TCP as i32,
                bindings::TCP_TIMESTAMP as i32,
            )
        })
    }
}

impl KernelSocket {
    /// Calls the protocol's setsockopt for `TCP_TIMESTAMP` with a value of no bytes. The kernel rejects it first,
    /// without side effects. May sleep.
    ///
    /// Fails with `EINVAL` if the kernel works as expected.
    pub(crate) fn set_timestamp_refused(&self) -> Result {
        // SAFETY: The socket is live, and has a protocol.
        to_result(unsafe {
            bindings::tsoffset_sk_setsockopt_nothing(
                self.0.as_ptr(),
                bindings::SOL_TCP as i32,
                bindings::TCP_TIMESTAMP as i32,
            )
        })
    }
}

impl Drop for KernelSocket {
    fn drop(&mut self) {
        // SAFETY: The socket is live and ours, and has no other user.
        unsafe { bindings::sock_release(self.0.as_ptr()) }
    }
}
