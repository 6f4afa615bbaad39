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
    alive::Alive,
    compat::prelude::*,
    hook::{
        Args,
        EntryData, //
        Handler,
    },
    probe_target::ProbeTarget, //
};
use crate::bindings;
use handlers::{
    count_handler,
    entry_handler,
    filtered_entry_handler,
    pre_handler,
    return_handler, //
};

mod handlers;
mod replaceable;

/// A kretprobe on `T::Target` that sees the calls, too, for which it has no instance.
///
/// A kretprobe is a kprobe whose handler, the kernel's own, takes an instance and has the return address point to a
/// trampoline; where none is free, the call is not followed, and the kernel's count of those (`nmissed`) is a plain increment
/// that loses updates. A second kprobe on the function would see every call, and costs each one a probe more. So the
/// probe is registered disabled, and before it is enabled its handler becomes [`pre_handler`], which calls the kernel's
/// in between. (In `/sys/kernel/debug/kprobes/list` it is marked as a kprobe, for which the kernel looks at the handler.)
///
/// That depends on an internal of the kernel. Where the handler is not the one that is expected there (`replaceable`), it stays:
/// a plain kprobe on the function counts the calls, and one line in the log says so.
///
/// Dropping it unregisters the probe and waits until no handler runs any more. Calls that have not
/// returned by then return unseen.
///
/// # Invariants
///
/// `kretprobe` is registered and lies in a pinned `Self` whose `handler` is initialized. `follow` is written before the probe is
/// enabled only: it is the kernel's own handler where that was replaced, and `None` where `counter` is registered instead.
///
/// # Examples
///
/// ```ignore
/// struct Duration;
///
/// impl Handler for Duration {
///     type Target = TcpV6Connect;
///     type Data = Instant;
///
///     fn entered(&self, _here: PreemptDisabled<'_>, _call: Connecting<'_>) -> Option<Instant> {
///         Some(Instant::now())
///     }
///
///     fn returned(
///         &self,
///         _here: PreemptDisabled<'_>,
///         _call: Connecting<'_>,
///         start: &Instant,
///         _value: usize,
///     ) {
///         record(start.elapsed());
///     }
/// }
///
/// let probe = KBox::pin_init(kretprobe::Registration::new(Duration, 64), GFP_KERNEL)?;
/// ```
#[pin_data(PinnedDrop)]
pub(crate) struct Registration<T: Handler> {
    handler: T,
    follow: UnsafeCell<bindings::kprobe_pre_handler_t>,
    #[pin]
    counter: Opaque<bindings::kprobe>,
    #[pin]
    kretprobe: Opaque<bindings::kretprobe>,
    alive: Alive,
    #[pin]
    _pin: PhantomPinned,
}

// SAFETY: Unregistering may happen on any thread, and the handler is `Send`.
unsafe impl<T: Handler + Send> Send for Registration<T> {}
// SAFETY: A shared reference gives access to the handler only, which is `Sync`.
unsafe impl<T: Handler> Sync for Registration<T> {}

impl<T: Handler> Registration<T> {
    /// The instance data starts this many bytes into an instance, which is aligned to a pointer.
    const FITS: () = {
        let align = align_of::<EntryData<Args<'static, T>, T::Data>>();
        assert!(align <= align_of::<usize>());
        assert!(offset_of!(bindings::kretprobe_instance, data) % align == 0);
        let size = size_of::<EntryData<Args<'static, T>, T::Data>>();
        assert!(size <= bindings::layout::KRETPROBE_MAX_DATA);
    };

    /// Registers the probe; `maxactive` calls can be followed at once, further ones are missed.
    /// May sleep.
    ///
    /// Fails with `ENOENT` where the kernel has no such function, `EINVAL` where it may not be
    /// probed, `ENOMEM`, and as arming it does.
    pub(crate) fn new(handler: T, maxactive: u32) -> impl PinInit<Self, Error> {
        const { Self::FITS };
        try_pin_init!(&this in Self {
            handler,
            alive: Alive::new(),
            follow: UnsafeCell::new(None),
            counter <- Opaque::try_ffi_init(|slot: *mut bindings::kprobe| {
                // SAFETY: `slot` is valid for writes, and all zeroes is a `struct kprobe`.
                unsafe { slot.write_bytes(0, 1) };
                Ok::<(), Error>(())
            }),
            kretprobe <- Opaque::try_ffi_init(move |slot: *mut bindings::kretprobe| {
                // SAFETY: `slot` is the field of the pinned `this`, whose fields declared before it are initialized.
                unsafe { register_and_arm::<T>(slot, this.as_ptr(), c_int::try_from(maxactive)?) }
            }),
            _pin: PhantomPinned,
        })
    }
}

/// The kernel's entry handlers of kretprobes.
type EntryHandler =
    unsafe extern "C" fn(*mut bindings::kretprobe_instance, *mut bindings::pt_regs) -> c_int;

/// Registers the probe disabled. May sleep.
///
/// # Safety
///
/// `slot` is valid for writes, the field of a pinned `Registration<T>` whose `handler` is initialized, and not registered.
unsafe fn register<T: Handler>(
    slot: *mut bindings::kretprobe,
    maxactive: c_int,
    entry: EntryHandler,
) -> Result {
    // SAFETY: `slot` is valid for writes, and all zeroes is a `struct kretprobe`.
    unsafe { slot.write_bytes(0, 1) };
    // SAFETY: `slot` was just initialized.
    let kretprobe = unsafe { &mut *slot };
    kretprobe.kp.symbol_name = T::Target::SYMBOL.as_char_ptr();
    kretprobe.kp.flags = bindings::KPROBE_FLAG_DISABLED;
    kretprobe.entry_handler = Some(entry);
    kretprobe.handler = Some(return_handler::<T>);
    kretprobe.maxactive = maxactive;
    kretprobe.data_size = size_of::<EntryData<Args<'static, T>, T::Data>>();
    // SAFETY: `slot` stays where it is until it is unregistered; the handler, the only thing the callbacks use, is initialized.
    to_result(unsafe { bindings::register_kretprobe(slot) })
}

/// Registers the probe so that every call is seen, and arms it. Where it fails nothing stays registered. May sleep.
///
/// # Safety
///
/// As for [`register`]; `slot` is the field of `this`, of which the fields declared before it are initialized.
unsafe fn register_and_arm<T: Handler>(
    slot: *mut bindings::kretprobe,
    this: *mut Registration<T>,
    maxactive: c_int,
) -> Result {
    // SAFETY: The caller says that `slot` is valid for writes, not registered, and a field of a pinned registration with its handler.
    unsafe { register::<T>(slot, maxactive, entry_handler::<T>)? };
    // SAFETY: The probe is registered: the kernel has set its handler, and nobody writes it at the same time.
    let known = replaceable::is_kretprobe_handler(unsafe { (*slot).kp.pre_handler });
    if let Ok(true) = known {
        // SAFETY: The probe is registered and disabled, so that its handler is not called; `follow` is initialized.
        unsafe { put_between::<T>(slot, (&raw const (*this).follow).cast_mut().cast()) };
        // SAFETY: It is registered, and unregistered where this fails.
        return unsafe { enable(slot).inspect_err(|_| bindings::unregister_kretprobe(slot)) };
    }
    // SAFETY: It is registered.
    unsafe { bindings::unregister_kretprobe(slot) };
    known?;

    let symbol = T::Target::SYMBOL.to_str().unwrap_or_default();
    pr_info!("kretprobes of this kernel have an unknown handler: a second probe counts the calls of {symbol}\n");
    // SAFETY: `this` is live. An `Opaque` is transparent over what it holds.
    let counter = unsafe { &raw mut (*this).counter }.cast::<bindings::kprobe>();
    // SAFETY: `counter` is a live `struct kprobe` that nobody else uses yet.
    unsafe {
        (*counter).symbol_name = T::Target::SYMBOL.as_char_ptr();
        (*counter).pre_handler = Some(count_handler::<T>);
    }
    // The counter comes first. Of two probes at one address the later one runs first (kernel/kprobes.c, add_new_kprobe()), so
    // that calls are entered before they are counted. A call between the two registrations counts as missed.
    // SAFETY: `counter` stays where it is until it is unregistered, below or by `drop`.
    to_result(unsafe { bindings::register_kprobe(counter) })?;
    // SAFETY: `slot` is valid for writes and a field of a pinned registration, as the caller says, and was unregistered above. Where
    // enabling fails it is registered, and so is the counter where either fails.
    unsafe {
        register::<T>(slot, maxactive, filtered_entry_handler::<T>)
            .and_then(|()| enable(slot).inspect_err(|_| bindings::unregister_kretprobe(slot)))
            .inspect_err(|_| bindings::unregister_kprobe(counter))
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
    // SAFETY: The caller says that the probe is registered.
    to_result(unsafe { bindings::enable_kprobe(&raw mut (*kretprobe).kp) })
}

#[pinned_drop]
impl<T: Handler> PinnedDrop for Registration<T> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: Registered by the type invariant. This waits for running handlers; calls still in
        // flight return through kernel code and do not reach them any more.
        unsafe { bindings::unregister_kretprobe(self.kretprobe.get()) }
        // SAFETY: `follow` is not written any more.
        if unsafe { (*self.follow.get()).is_none() } {
            // SAFETY: By the type invariant the counter is registered. This waits for its running handlers.
            unsafe { bindings::unregister_kprobe(self.counter.get()) }
        }
    }
}

#[cfg(tsoffset_kunit)]
#[kunit_tests(tsoffset_kretprobe)]
mod tests {
    use super::*;
    use crate::{
        abstractions::{
            marked::SharedCounter,
            preempt::PreemptDisabled, //
        },
        tcp::{
            connect::{
                Connecting,
                TcpV6Connect, //
            },
            kernel_socket::KernelSocket, //
        },
    };

    static CALLED: SharedCounter = SharedCounter::new();
    static ENTERED: SharedCounter = SharedCounter::new();
    static RIGHT: SharedCounter = SharedCounter::new();

    /// Follows the calls of a socket, unless told to let them go.
    struct Follow {
        socket: usize,
        let_go: SharedCounter,
        refuse: SharedCounter,
    }

    impl Handler for Follow {
        type Target = TcpV6Connect;
        type Data = u64;

        fn filter(&self, call: Connecting<'_>) -> bool {
            call.socket.address() == self.socket && self.let_go.load_acquire() == 0
        }

        fn on_entry(&self, _here: PreemptDisabled<'_>, _call: Connecting<'_>) -> Option<u64> {
            ENTERED.increment();
            (self.refuse.load_acquire() == 0).then_some(0x5eed)
        }

        fn on_hit(&self, _here: PreemptDisabled<'_>, _call: Connecting<'_>) {
            CALLED.increment();
            // Only of calls that were entered before.
            if ENTERED.load_acquire() != CALLED.load_acquire() {
                self.let_go.increment();
            }
        }

        fn on_return(
            &self,
            _here: PreemptDisabled<'_>,
            call: Connecting<'_>,
            data: &u64,
            value: usize,
        ) {
            if call.socket.address() == self.socket
                && *data == 0x5eed
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
            refuse: SharedCounter::new(),
        };
        let probe = KBox::pin_init(Registration::new(follow, 4), GFP_KERNEL)?;
        let _ = socket.connect_refused();
        assert_eq!(seen(), [1, 1, 1]);
        let _ = socket.connect_refused();
        assert_eq!(seen(), [2, 2, 2]);
        // More often than there are instances: each one is given back.
        probe.handler.refuse.increment();
        for call in 3..=10 {
            let _ = socket.connect_refused();
            assert_eq!(seen(), [call, call, 2]);
        }
        probe.handler.refuse.decrement();
        let _ = socket.connect_refused();
        assert_eq!(seen(), [11, 11, 3]);
        probe.handler.let_go.increment();
        let _ = socket.connect_refused();
        assert_eq!(seen(), [11, 11, 3]);

        drop(probe);
        let _ = socket.connect_refused();
        assert_eq!(seen(), [11, 11, 3]);
        Ok(())
    }
}
