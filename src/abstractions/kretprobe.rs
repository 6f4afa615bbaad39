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
    compat::{
        prelude::*,
        rcu::synchronize_rcu, //
    },
    hook::{
        Args,
        EntryData,
        Handler, //
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

/// A kretprobe on `T::Target` that also sees calls without a free instance.
///
/// The kernel's handler of a kretprobe takes an instance and points the return address to a trampoline. Without a
/// free instance it misses the call, and the kernel's count (`nmissed`) is a plain increment that loses updates. A
/// second kprobe on the function would see every call, at the cost of one more probe for each. So the probe is
/// registered disabled. Before it is enabled, [`pre_handler`] replaces its handler and calls the kernel's handler
/// itself. (`/sys/kernel/debug/kprobes/list` shows the probe as a kprobe, because the kernel checks the handler.)
///
/// This depends on an internal of the kernel. If the handler is not the expected one (`replaceable`), it stays. Then
/// a plain kprobe on the function counts the calls, and one line in the log says so.
///
/// Drop unregisters the probe and waits for running handlers. Calls in flight then return without a handler.
///
/// # Invariants
///
/// `kretprobe` is registered and lies in a pinned `Self` whose `handler` is initialized. `follow` is written only
/// before the probe is enabled. It is the replaced handler of the kernel, or `None` if `counter` is registered
/// instead.
///
/// upstream/0004 has a compiled example.
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

// SAFETY: Any thread may unregister, and the handler is `Send`.
unsafe impl<T: Handler + Send> Send for Registration<T> {}
// SAFETY: A shared reference gives access to the handler only, which is `Sync`.
unsafe impl<T: Handler> Sync for Registration<T> {}

impl<T: Handler> Registration<T> {
    /// The checks of an instance's data: its size, and its alignment within an instance, which has that of a pointer.
    const FITS: () = {
        let align = align_of::<EntryData<Args<'static, T>, T::Data>>();
        assert!(align <= align_of::<usize>());
        assert!(offset_of!(bindings::kretprobe_instance, data) % align == 0);
        let size = size_of::<EntryData<Args<'static, T>, T::Data>>();
        assert!(size <= bindings::layout::KRETPROBE_MAX_DATA);
    };

    /// Registers the probe. It follows at most `maxactive` calls at once and misses further ones. May sleep.
    ///
    /// Fails with `ENOENT` if the kernel has no such function, `EINVAL` if the function must not be probed, `ENOMEM`,
    /// or an error of arming.
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

/// The type of the kernel's entry handlers of kretprobes.
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
    // SAFETY: `slot` does not move until it is unregistered. The callbacks use the handler only, which is initialized.
    to_result(unsafe { bindings::register_kretprobe(slot) })
}

/// Registers the probe so that it sees every call, and arms it. After a failure, nothing is registered. May sleep.
///
/// # Safety
///
/// As for [`register`]. `slot` is a field of `this`, whose fields declared before it are initialized.
unsafe fn register_and_arm<T: Handler>(
    slot: *mut bindings::kretprobe,
    this: *mut Registration<T>,
    maxactive: c_int,
) -> Result {
    // SAFETY: The caller guarantees that `slot` is valid for writes, not registered, and in a pinned registration
    // with its handler.
    unsafe { register::<T>(slot, maxactive, entry_handler::<T>)? };
    // SAFETY: The probe is registered: the kernel has set its handler, and no code writes it now.
    let known = replaceable::is_kretprobe_handler(unsafe { (*slot).kp.pre_handler });
    if let Ok(true) = known {
        // SAFETY: The probe is registered and disabled, so its handler does not run; `follow` is initialized.
        unsafe { wrap_pre_handler::<T>(slot, (&raw const (*this).follow).cast_mut().cast()) };
        // SAFETY: The probe is registered, and unregistered after a failure.
        return unsafe { enable(slot).inspect_err(|_| bindings::unregister_kretprobe(slot)) };
    }
    // SAFETY: The probe is registered.
    unsafe { bindings::unregister_kretprobe(slot) };
    known?;

    let symbol = T::Target::SYMBOL.to_str().unwrap_or_default();
    pr_info!("kretprobes of this kernel have an unknown handler: a second probe counts the calls of {symbol}\n");
    // SAFETY: `this` is live. An `Opaque` is transparent over its contents.
    let counter = unsafe { &raw mut (*this).counter }.cast::<bindings::kprobe>();
    // SAFETY: `counter` is a live `struct kprobe` without another user yet.
    unsafe {
        (*counter).symbol_name = T::Target::SYMBOL.as_char_ptr();
        (*counter).pre_handler = Some(count_handler::<T>);
    }
    // Register the counter first. Of two probes at one address the later one runs first (kernel/kprobes.c, add_new_kprobe()):
    // a call is entered before it is counted. A call between the two registrations counts as missed.
    // SAFETY: `counter` does not move until it is unregistered, below or by `drop`.
    to_result(unsafe { bindings::register_kprobe(counter) })?;
    // SAFETY: The caller guarantees that `slot` is valid for writes and in a pinned registration; it was unregistered
    // above. If `enable` fails, `slot` is registered. If either call fails, the counter is registered.
    unsafe {
        register::<T>(slot, maxactive, filtered_entry_handler::<T>)
            .and_then(|()| enable(slot).inspect_err(|_| bindings::unregister_kretprobe(slot)))
            .inspect_err(|_| bindings::unregister_kprobe(counter))
    }
}

/// Stores the kernel's handler in `follow` and replaces it by [`pre_handler`].
///
/// # Safety
///
/// `kretprobe` is registered in a `Registration<T>`, and disabled; `follow` belongs to the same registration.
unsafe fn wrap_pre_handler<T: Handler>(
    kretprobe: *mut bindings::kretprobe,
    follow: *mut bindings::kprobe_pre_handler_t,
) {
    // SAFETY: Both are live. Handlers of other probes at the address check whether a disabled probe has a handler. It
    // has one before and after the write.
    unsafe {
        let handler = &raw mut (*kretprobe).kp.pre_handler;
        follow.write(handler.read());
        handler.write_volatile(Some(pre_handler::<T>));
    }
    // Another probe on the function may be armed, with running handlers. Handlers that begin after this see the
    // write.
    synchronize_rcu();
}

/// Arms the probe. While all kprobes are disarmed, this has no effect and is no error. May sleep.
///
/// # Safety
///
/// `kretprobe` is registered.
unsafe fn enable(kretprobe: *mut bindings::kretprobe) -> Result {
    // SAFETY: The caller guarantees that the probe is registered.
    to_result(unsafe { bindings::enable_kprobe(&raw mut (*kretprobe).kp) })
}

#[pinned_drop]
impl<T: Handler> PinnedDrop for Registration<T> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: Registered, by the type invariant. This waits for running handlers. Calls in flight return through
        // kernel code, without a handler.
        unsafe { bindings::unregister_kretprobe(self.kretprobe.get()) }
        // SAFETY: No code writes `follow` any more.
        if unsafe { (*self.follow.get()).is_none() } {
            // SAFETY: By the type invariant, the counter is registered. This waits for its running handlers.
            unsafe { bindings::unregister_kprobe(self.counter.get()) }
        }
    }
}
