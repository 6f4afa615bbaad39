// SPDX-License-Identifier: GPL-2.0

//! Steps of the wall clock, as the timekeeper reports them.
//!
//! C header: [`include/linux/pvclock_gtod.h`](srctree/include/linux/pvclock_gtod.h)

use core::marker::PhantomPinned;

use kernel::{
    container_of,
    error::to_result,
    ffi::c_ulong,
    types::Opaque, //
};

use super::{
    alive::Alive,
    clock,
    compat::prelude::*,
    marked::read_once, //
};
use crate::bindings;

/// A handler of steps.
pub(crate) trait Handler: Sync {
    /// Runs at each step, with interrupts off, under the timekeeper's raw spin lock: calls never overlap. It also runs
    /// without a step, with the same difference: at a suspend, or when another notifier is registered. Must not take a
    /// lock or read a clock. `since` is `CLOCK_BOOTTIME` of the step. `difference` is `CLOCK_REALTIME` minus
    /// `CLOCK_BOOTTIME` from then on. Both are nanoseconds.
    fn stepped(&self, since: u64, difference: u64);
}

/// A registered handler.
///
/// The kernel calls it at every update of the timekeeper, on one CPU and at most at each tick. Drop unregisters it:
/// the timekeeper's lock keeps a running call apart.
///
/// # Invariants
///
/// `block` is registered and lies in a pinned `Self` whose `handler` is initialized.
#[pin_data(PinnedDrop)]
pub(crate) struct Registration<T: Handler> {
    handler: T,
    #[pin]
    block: Opaque<bindings::notifier_block>,
    _alive: Alive,
    #[pin]
    _pin: PhantomPinned,
}

// SAFETY: Any thread may unregister, and the handler is `Send`.
unsafe impl<T: Handler + Send> Send for Registration<T> {}
// SAFETY: A shared reference gives access to nothing.
unsafe impl<T: Handler> Sync for Registration<T> {}

impl<T: Handler> Registration<T> {
    /// Registers the handler, and calls it once with the present difference. May sleep.
    pub(crate) fn new(handler: T) -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            handler,
            _alive: Alive::new(),
            block <- Opaque::try_ffi_init(|slot: *mut bindings::notifier_block| {
                // SAFETY: `slot` is valid for writes, and all zeroes is a `struct notifier_block`. It is a field of a
                // pinned `Self`, whose handler is initialized, and stays there until `drop` unregisters it.
                unsafe {
                    slot.write_bytes(0, 1);
                    (*slot).notifier_call = Some(call::<T>);
                    to_result(bindings::pvclock_gtod_register_notifier(slot))
                }
            }),
            _pin: PhantomPinned,
        })
    }
}

/// # Safety
///
/// Only the timekeeper calls it, with the block of a `Registration<T>`, whether the clock was set, and itself.
unsafe extern "C" fn call<T: Handler>(
    block: *mut bindings::notifier_block,
    was_set: c_ulong,
    timekeeper: *mut c_void,
) -> c_int {
    if was_set != 0 {
        let field = block.cast::<Opaque<bindings::notifier_block>>();
        // SAFETY: The block is the field of a `Registration<T>`, which outlives its calls.
        let this = unsafe { &*container_of!(field, Registration<T>, block) };
        let load = |offset| {
            // SAFETY: The C compiler reports where the fields of 64 bits are. The kernel holds the timekeeper's lock.
            unsafe { read_once(timekeeper.byte_add(offset).cast::<u64>()) }
        };
        // The clock below is one that NMIs may read: it waits for no update, such as this one.
        let real = load(bindings::layout::TIMEKEEPER_OFFS_REAL);
        let boot = load(bindings::layout::TIMEKEEPER_OFFS_BOOT);
        this.handler
            .stepped(clock::boot_ns(), real.wrapping_sub(boot));
    }
    // NOTIFY_DONE
    0
}

#[pinned_drop]
impl<T: Handler> PinnedDrop for Registration<T> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: The block is registered, by the type invariant. It fails for an unknown block only.
        unsafe { bindings::pvclock_gtod_unregister_notifier(self.block.get()) };
    }
}
