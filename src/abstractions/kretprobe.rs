// SPDX-License-Identifier: GPL-2.0

//! Kretprobes: a function's entry and its return.
//!
//! C header: [`include/linux/kprobes.h`](srctree/include/linux/kprobes.h)

use core::{
    cell::UnsafeCell,
    marker::PhantomPinned,
    mem::offset_of, //
};

use kernel::{
    error::to_result,
    types::Opaque, //
};

use super::{
    compat::prelude::*,
    fault,
    preemption::PreemptionDisabled,
    probed::Function, //
};
use crate::bindings;
use handlers::{
    entry_handler,
    pre_handler,
    return_handler, //
};

mod handlers;

/// The arguments of a handler's function.
type Args<'call, T> = <<T as Handler>::Function as Function>::Args<'call>;

/// What runs when the function is called and when it returns.
///
/// All of it runs in the caller's context with preemption off, at return possibly on another CPU. It must not
/// sleep, allocate or loop without a bound.
pub(crate) trait Handler: Sync {
    /// The function it is for.
    type Function: Function;

    /// What entry hands to return. Lives in memory that the probe allocated when registered.
    type Data: Copy;

    /// Runs at every call, first: whether it is one to follow. One that is not costs little more than a kprobe.
    #[inline(always)]
    fn wants(&self, _args: Args<'_, Self>) -> bool {
        true
    }

    /// Runs at entry of a call that is followed.
    fn entered(&self, here: PreemptionDisabled<'_>, args: Args<'_, Self>) -> Self::Data;

    /// Runs at every call that was wanted, after `entered` where there was that: without it where `maxactive` others
    /// were in flight. What was missed is the difference.
    #[inline(always)]
    fn called(&self, _here: PreemptionDisabled<'_>, _args: Args<'_, Self>) {}

    /// Runs at return, with the arguments of the call and what `entered` kept.
    fn returned(
        &self,
        here: PreemptionDisabled<'_>,
        args: Args<'_, Self>,
        data: Self::Data,
        value: usize,
    );
}

/// A kretprobe on `T::Function` that sees the calls, too, for which it has no instance.
///
/// A kretprobe is a kprobe whose handler, the kernel's own, takes an instance and has the return address point to a
/// trampoline; where none is free, the call is not followed, and the kernel's count of those (`nmissed`) is a plain increment
/// that loses updates. A second kprobe on the function would see every call, and costs each one a probe more. So the
/// probe is registered disabled, and before it is enabled its handler becomes [`pre_handler`], which calls the kernel's
/// in between. (In `/sys/kernel/debug/kprobes/list` it is marked as a kprobe, for which the kernel looks at the handler.)
///
/// Dropping it unregisters the probe and waits until no handler runs any more. Calls that have not
/// returned by then return unseen.
///
/// # Invariants
///
/// `kretprobe` is registered and lies in a pinned `Self` whose `handler` is initialized. `follow` is the kernel's own handler
/// for it, and is written before it is enabled only.
///
/// # Examples
///
/// ```ignore
/// struct Duration;
///
/// impl kretprobe::Handler for Duration {
///     type Function = TcpV6Connect;
///     type Data = Instant;
///
///     fn entered(&self, _here: PreemptionDisabled<'_>, _socket: Socket<'_>) -> Instant {
///         Instant::now()
///     }
///
///     fn returned(
///         &self,
///         _here: PreemptionDisabled<'_>,
///         _socket: Socket<'_>,
///         start: Instant,
///         _value: usize,
///     ) {
///         record(start.elapsed());
///     }
/// }
///
/// // SAFETY: The registration is not leaked.
/// let probe = unsafe { kretprobe::Registration::new(Duration, 64) };
/// let probe = KBox::pin_init(probe, GFP_KERNEL)?;
/// ```
#[pin_data(PinnedDrop)]
pub(crate) struct Registration<T: Handler> {
    handler: T,
    follow: UnsafeCell<bindings::kprobe_pre_handler_t>,
    #[pin]
    kretprobe: Opaque<bindings::kretprobe>,
    #[pin]
    _pin: PhantomPinned,
}

// SAFETY: Unregistering may happen on any thread, and the handler is `Send`.
unsafe impl<T: Handler + Send> Send for Registration<T> {}
// SAFETY: A shared reference gives access to the handler only, which is `Sync`.
unsafe impl<T: Handler> Sync for Registration<T> {}

/// What an instance of the probe keeps between entry and return.
struct Kept<A, D> {
    args: A,
    data: D,
}

impl<T: Handler> Registration<T> {
    /// The instance data starts this many bytes into an instance, which is aligned to a pointer.
    const FITS: () = {
        let align = align_of::<Kept<Args<'static, T>, T::Data>>();
        assert!(align <= align_of::<usize>());
        assert!(offset_of!(bindings::kretprobe_instance, data) % align == 0);
        let size = size_of::<Kept<Args<'static, T>, T::Data>>();
        assert!(size <= bindings::layout::KRETPROBE_MAX_DATA);
    };

    /// Registers the probe; `maxactive` calls can be followed at once, further ones are missed.
    /// May sleep.
    ///
    /// Fails with `ENOENT` where the kernel has no such function, `EINVAL` where it may not be
    /// probed, `ENOMEM`, and as arming it does.
    ///
    /// # Safety
    ///
    /// The registration must not be leaked: its destructor has to run before this module's code goes.
    pub(crate) unsafe fn new(handler: T, maxactive: u32) -> impl PinInit<Self, Error> {
        const { Self::FITS };
        try_pin_init!(&this in Self {
            handler,
            follow: UnsafeCell::new(None),
            kretprobe <- Opaque::try_ffi_init(move |slot: *mut bindings::kretprobe| {
                // SAFETY: `slot` is valid for writes, and all zeroes is a `struct kretprobe`.
                unsafe { slot.write_bytes(0, 1) };
                // SAFETY: `slot` was just initialized.
                let kretprobe = unsafe { &mut *slot };
                kretprobe.kp.symbol_name = T::Function::SYMBOL.as_char_ptr();
                kretprobe.kp.flags = bindings::KPROBE_FLAG_DISABLED;
                kretprobe.entry_handler = Some(entry_handler::<T>);
                kretprobe.handler = Some(return_handler::<T>);
                kretprobe.maxactive = c_int::try_from(maxactive)?;
                kretprobe.data_size = size_of::<Kept<Args<'static, T>, T::Data>>();
                fault::point()?;
                // SAFETY: `slot` stays where it is until `drop` unregisters it; the handler, the only
                // thing the callbacks use, was initialized before.
                to_result(unsafe { bindings::register_kretprobe(slot) })?;
                // SAFETY: The probe is registered and disabled, so that its handler, which the kernel has set, is not
                // called; `follow` was initialized before.
                unsafe { put_between::<T>(slot, (&raw const (*this.as_ptr()).follow).cast_mut().cast()) };
                // SAFETY: It was registered above, and is unregistered where this fails.
                unsafe { enable(slot).inspect_err(|_| bindings::unregister_kretprobe(slot)) }
            }),
            _pin: PhantomPinned,
        })
    }
}

/// Keeps the kernel's handler in `follow` and puts [`pre_handler`] in its place.
///
/// # Safety
///
/// `kretprobe` is registered as part of a `Registration<T>`, and disabled; `follow` is that of the same one.
unsafe fn put_between<T: Handler>(
    kretprobe: *mut bindings::kretprobe,
    follow: *mut bindings::kprobe_pre_handler_t,
) {
    // SAFETY: Both are live. Of a disabled probe, handlers that run for others at its address look whether it has a
    // handler, and it has one before and after.
    unsafe {
        let place = &raw mut (*kretprobe).kp.pre_handler;
        follow.write(place.read());
        place.write_volatile(Some(pre_handler::<T>));
    }
    // Another probe of the function may be armed, and its handlers running: those that begin from here on see what was written.
    // SAFETY: Process context.
    unsafe { bindings::synchronize_rcu() };
}

/// Arms it. While kprobes are disarmed as a whole that does nothing, and is no error. May sleep.
///
/// # Safety
///
/// `kretprobe` is registered.
unsafe fn enable(kretprobe: *mut bindings::kretprobe) -> Result {
    fault::point()?;
    // SAFETY: The caller's promise.
    to_result(unsafe { bindings::enable_kprobe(&raw mut (*kretprobe).kp) })
}

#[pinned_drop]
impl<T: Handler> PinnedDrop for Registration<T> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: Registered by the type invariant. This waits for running handlers; calls still in
        // flight return through kernel code and do not reach them any more.
        unsafe { bindings::unregister_kretprobe(self.kretprobe.get()) }
    }
}

#[cfg(tsoffset_variant = "kunit")]
#[kunit_tests(tsoffset_kretprobe)]
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

    static CALLED: SharedCounter = SharedCounter::new();
    static ENTERED: SharedCounter = SharedCounter::new();
    static RIGHT: SharedCounter = SharedCounter::new();

    /// Follows the calls of a socket, unless told to let them go.
    struct Follow {
        socket: usize,
        let_go: SharedCounter,
    }

    impl Handler for Follow {
        type Function = TcpV6Connect;
        type Data = u64;

        fn wants(&self, socket: Socket<'_>) -> bool {
            socket.address() == self.socket && self.let_go.load_acquire() == 0
        }

        fn entered(&self, _here: PreemptionDisabled<'_>, _socket: Socket<'_>) -> u64 {
            ENTERED.increment();
            0x5eed
        }

        fn called(&self, _here: PreemptionDisabled<'_>, _socket: Socket<'_>) {
            CALLED.increment();
            // Only of calls that were entered before.
            if ENTERED.load_acquire() != CALLED.load_acquire() {
                self.let_go.increment();
            }
        }

        fn returned(
            &self,
            _here: PreemptionDisabled<'_>,
            socket: Socket<'_>,
            data: u64,
            value: usize,
        ) {
            if socket.address() == self.socket
                && data == 0x5eed
                && value as i32 == EINVAL.to_errno()
            {
                RIGHT.increment();
            }
        }
    }

    #[test]
    fn return_gets_what_entry_kept() -> Result {
        let seen = || [&ENTERED, &CALLED, &RIGHT].map(SharedCounter::load_acquire);
        let socket = KernelSocket::tcp6()?;
        let follow = Follow {
            socket: socket.address(),
            let_go: SharedCounter::new(),
        };
        // SAFETY: Dropped below.
        let probe = KBox::pin_init(unsafe { Registration::new(follow, 4) }, GFP_KERNEL)?;
        let _ = socket.connect_refused();
        assert_eq!(seen(), [1, 1, 1]);
        let _ = socket.connect_refused();
        assert_eq!(seen(), [2, 2, 2]);
        probe.handler.let_go.increment();
        let _ = socket.connect_refused();
        assert_eq!(seen(), [2, 2, 2]);

        drop(probe);
        let _ = socket.connect_refused();
        assert_eq!(seen(), [2, 2, 2]);
        Ok(())
    }
}
