// SPDX-License-Identifier: GPL-2.0

//! Kprobes on a function's entry.
//!
//! C header: [`include/linux/kprobes.h`](srctree/include/linux/kprobes.h)

use core::marker::PhantomPinned;

use kernel::{
    container_of,
    error::to_result,
    types::Opaque, //
};

use super::{
    compat::prelude::*,
    fault,
    preemption::PreemptionDisabled,
    probed::{
        Function,
        Regs, //
    }, //
};
use crate::bindings;

/// What runs when the function is called.
pub(crate) trait Handler: Sync {
    /// The function it is for.
    type Function: Function;

    /// Runs at entry, in the caller's context with preemption off. Must not sleep, allocate or loop
    /// without a bound.
    fn called(&self, here: PreemptionDisabled<'_>, args: <Self::Function as Function>::Args<'_>);
}

/// A kprobe at the entry of `T::Function`.
///
/// Dropping it unregisters the probe and waits until no handler runs any more.
///
/// # Invariants
///
/// `kprobe` is registered and lies in a pinned `Self` whose `handler` is initialized.
///
/// # Examples
///
/// ```ignore
/// struct Count(SharedCounter);
///
/// impl kprobe::Handler for Count {
///     type Function = TcpV6Connect;
///
///     fn called(&self, _here: PreemptionDisabled<'_>, _socket: Socket<'_>) {
///         self.0.increment();
///     }
/// }
///
/// // SAFETY: The registration is not leaked.
/// let probe = unsafe { kprobe::Registration::new(Count(SharedCounter::new())) };
/// let probe = KBox::pin_init(probe, GFP_KERNEL)?;
/// ```
#[pin_data(PinnedDrop)]
pub(crate) struct Registration<T: Handler> {
    handler: T,
    #[pin]
    kprobe: Opaque<bindings::kprobe>,
    #[pin]
    _pin: PhantomPinned,
}

// SAFETY: Unregistering may happen on any thread, and the handler is `Send`.
unsafe impl<T: Handler + Send> Send for Registration<T> {}
// SAFETY: A shared reference gives access to the handler only, which is `Sync`.
unsafe impl<T: Handler> Sync for Registration<T> {}

impl<T: Handler> Registration<T> {
    /// Registers the probe. May sleep.
    ///
    /// Fails with `ENOENT` where the kernel has no such function, `EINVAL` where it may not be
    /// probed.
    ///
    /// # Safety
    ///
    /// The registration must not be leaked: its destructor has to run before this module's code goes.
    pub(crate) unsafe fn new(handler: T) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            handler,
            kprobe <- Opaque::try_ffi_init(|slot: *mut bindings::kprobe| {
                // SAFETY: `slot` is valid for writes, and all zeroes is a `struct kprobe`.
                unsafe { slot.write_bytes(0, 1) };
                // SAFETY: `slot` was just initialized.
                let kprobe = unsafe { &mut *slot };
                kprobe.symbol_name = T::Function::SYMBOL.as_char_ptr();
                kprobe.pre_handler = Some(pre_handler::<T>);
                fault::point()?;
                // SAFETY: `slot` stays where it is until `drop` unregisters it; the handler, the only
                // thing the callback uses, was initialized before.
                to_result(unsafe { bindings::register_kprobe(slot) })
            }),
            _pin: PhantomPinned,
        })
    }
}

#[pinned_drop]
impl<T: Handler> PinnedDrop for Registration<T> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: Registered by the type invariant. This waits for running handlers.
        unsafe { bindings::unregister_kprobe(self.kprobe.get()) }
    }
}

/// # Safety
///
/// Called by the kernel only, for the `kprobe` of a `Registration<T>`.
unsafe extern "C" fn pre_handler<T: Handler>(
    kprobe: *mut bindings::kprobe,
    regs: *mut bindings::pt_regs,
) -> c_int {
    let field = kprobe.cast::<Opaque<bindings::kprobe>>();
    // SAFETY: `kprobe` is the field of a `Registration<T>`, which outlives its handlers.
    let this = unsafe { &*container_of!(field, Registration<T>, kprobe) };
    // SAFETY: The kernel passes the registers of the probed call, unchanged while the handler runs.
    let args = unsafe { T::Function::args(Regs::from_raw(regs)) };

    // SAFETY: Handlers run with preemption off (Documentation/trace/kprobes.rst).
    let here = unsafe { PreemptionDisabled::assume() };

    this.handler.called(here, args);
    0
}

#[cfg(tsoffset_variant = "kunit")]
#[kunit_tests(tsoffset_kprobe)]
mod tests {
    use super::*;
    use crate::{
        abstractions::{
            kernel_socket::KernelSocket,
            marked::SharedCounter, //
        },
        tcp::{
            connect::TcpV6Connect,
            socket::Socket, //
        },
    };

    static CALLS: SharedCounter = SharedCounter::new();

    struct Count {
        socket: usize,
    }

    impl Handler for Count {
        type Function = TcpV6Connect;

        fn called(&self, _here: PreemptionDisabled<'_>, socket: Socket<'_>) {
            if socket.address() == self.socket {
                CALLS.increment();
            }
        }
    }

    #[test]
    fn sees_calls_while_registered() -> Result {
        let socket = KernelSocket::tcp6()?;
        let count = Count {
            socket: socket.address(),
        };
        // SAFETY: Dropped below.
        let probe = KBox::pin_init(unsafe { Registration::new(count) }, GFP_KERNEL)?;
        let _ = socket.connect_refused();
        let _ = socket.connect_refused();
        assert_eq!(CALLS.load_acquire(), 2);

        drop(probe);
        let _ = socket.connect_refused();
        assert_eq!(CALLS.load_acquire(), 2);
        Ok(())
    }
}
