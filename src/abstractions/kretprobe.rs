// SPDX-License-Identifier: GPL-2.0

//! Kretprobes: a function's entry and its return.
//!
//! C header: [`include/linux/kprobes.h`](srctree/include/linux/kprobes.h)

use core::{
    marker::PhantomPinned,
    mem::offset_of, //
};

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

/// The arguments of a handler's function.
type Args<'call, T> = <<T as Handler>::Function as Function>::Args<'call>;

/// What runs when the function is called and when it returns.
///
/// Both run in the caller's context with preemption off, possibly on different CPUs. They must not
/// sleep, allocate or loop without a bound.
pub(crate) trait Handler: Sync {
    /// The function it is for.
    type Function: Function;

    /// What entry hands to return. Lives in memory that the probe allocated when registered.
    type Data: Copy;

    /// Runs at entry. `None` lets this call go: its return is not seen.
    fn entered(&self, here: PreemptionDisabled<'_>, args: Args<'_, Self>) -> Option<Self::Data>;

    /// Runs at return, with the arguments of the call and what `entered` kept.
    fn returned(
        &self,
        here: PreemptionDisabled<'_>,
        args: Args<'_, Self>,
        data: Self::Data,
        value: usize,
    );
}

/// A kretprobe on `T::Function`.
///
/// Dropping it unregisters the probe and waits until no handler runs any more. Calls that have not
/// returned by then return unseen.
///
/// # Invariants
///
/// `kretprobe` is registered and lies in a pinned `Self` whose `handler` is initialized.
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
///     fn entered(&self, _here: PreemptionDisabled<'_>, _socket: Socket<'_>) -> Option<Instant> {
///         Some(Instant::now())
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
    /// probed, `ENOMEM`.
    ///
    /// # Safety
    ///
    /// The registration must not be leaked: its destructor has to run before this module's code goes.
    pub(crate) unsafe fn new(handler: T, maxactive: u32) -> impl PinInit<Self, Error> {
        const { Self::FITS };
        try_pin_init!(Self {
            handler,
            kretprobe <- Opaque::try_ffi_init(move |slot: *mut bindings::kretprobe| {
                // SAFETY: `slot` is valid for writes, and all zeroes is a `struct kretprobe`.
                unsafe { slot.write_bytes(0, 1) };
                // SAFETY: `slot` was just initialized.
                let kretprobe = unsafe { &mut *slot };
                kretprobe.kp.symbol_name = T::Function::SYMBOL.as_char_ptr();
                kretprobe.entry_handler = Some(entry_handler::<T>);
                kretprobe.handler = Some(return_handler::<T>);
                kretprobe.maxactive = c_int::try_from(maxactive)?;
                kretprobe.data_size = size_of::<Kept<Args<'static, T>, T::Data>>();
                fault::point()?;
                // SAFETY: `slot` stays where it is until `drop` unregisters it; the handler, the only
                // thing the callbacks use, was initialized before.
                to_result(unsafe { bindings::register_kretprobe(slot) })
            }),
            _pin: PhantomPinned,
        })
    }
}

#[pinned_drop]
impl<T: Handler> PinnedDrop for Registration<T> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: Registered by the type invariant. This waits for running handlers; calls still in
        // flight return through kernel code and do not reach them any more.
        unsafe { bindings::unregister_kretprobe(self.kretprobe.get()) }
    }
}

/// The registration an instance belongs to.
///
/// # Safety
///
/// `instance` was passed to a handler of a `Registration<T>`, which is running.
unsafe fn registration<'a, T: Handler>(
    instance: *mut bindings::kretprobe_instance,
) -> &'a Registration<T> {
    // SAFETY: The caller promises a live instance.
    let kretprobe = unsafe { bindings::tsoffset_get_kretprobe(instance) };
    let field = kretprobe.cast::<Opaque<bindings::kretprobe>>();
    // SAFETY: `kretprobe` is the field of a `Registration<T>`, which outlives its handlers.
    unsafe { &*container_of!(field, Registration<T>, kretprobe) }
}

/// # Safety
///
/// Called by the kernel only, as entry handler of a `Registration<T>`.
unsafe extern "C" fn entry_handler<T: Handler>(
    instance: *mut bindings::kretprobe_instance,
    regs: *mut bindings::pt_regs,
) -> c_int {
    // SAFETY: This is a handler of a `Registration<T>`.
    let this = unsafe { registration::<T>(instance) };
    // SAFETY: The kernel passes the registers of the probed call, unchanged while the handler runs.
    let args = unsafe { T::Function::args(Regs::from_raw(regs)) };

    // SAFETY: Handlers run with preemption off (Documentation/trace/kprobes.rst).
    let here = unsafe { PreemptionDisabled::assume() };

    match this.handler.entered(here, args) {
        Some(data) => {
            // SAFETY: The instance has `data_size` bytes for a `Kept` (see `new`), aligned (`FITS`),
            // and is this call's alone until it returns.
            unsafe {
                (&raw mut (*instance).data)
                    .cast::<Kept<Args<'_, T>, T::Data>>()
                    .write(Kept { args, data })
            };
            0
        }
        // Anything but 0 gives the instance back.
        None => 1,
    }
}

/// # Safety
///
/// Called by the kernel only, as return handler of a `Registration<T>`.
unsafe extern "C" fn return_handler<T: Handler>(
    instance: *mut bindings::kretprobe_instance,
    regs: *mut bindings::pt_regs,
) -> c_int {
    // SAFETY: This is a handler of a `Registration<T>`.
    let this = unsafe { registration::<T>(instance) };
    // SAFETY: The entry handler wrote it, or the kernel would not call this one; the arguments are
    // valid until the call returns (`Function`), which is after this handler.
    let Kept { args, data } = unsafe {
        (&raw const (*instance).data)
            .cast::<Kept<Args<'_, T>, T::Data>>()
            .read()
    };
    // SAFETY: The kernel passes the registers of the return, unchanged while the handler runs.
    let value = unsafe { Regs::from_raw(regs) }.return_value();

    // SAFETY: As above.
    let here = unsafe { PreemptionDisabled::assume() };

    this.handler.returned(here, args, data, value);
    0
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

    static ENTERED: SharedCounter = SharedCounter::new();
    static RIGHT: SharedCounter = SharedCounter::new();

    /// Follows the first call and lets the second go.
    struct First {
        socket: usize,
    }

    impl Handler for First {
        type Function = TcpV6Connect;
        type Data = u64;

        fn entered(&self, _here: PreemptionDisabled<'_>, socket: Socket<'_>) -> Option<u64> {
            if socket.address() != self.socket {
                return None;
            }
            ENTERED.increment();
            (ENTERED.load_acquire() == 1).then_some(0x5eed)
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
        let socket = KernelSocket::tcp6()?;
        let first = First {
            socket: socket.address(),
        };
        // SAFETY: Dropped below.
        let probe = KBox::pin_init(unsafe { Registration::new(first, 4) }, GFP_KERNEL)?;
        let _ = socket.connect_refused();
        assert_eq!(RIGHT.load_acquire(), 1);
        let _ = socket.connect_refused();
        assert_eq!(ENTERED.load_acquire(), 2);
        assert_eq!(RIGHT.load_acquire(), 1);

        drop(probe);
        let _ = socket.connect_refused();
        assert_eq!(ENTERED.load_acquire(), 2);
        Ok(())
    }
}
