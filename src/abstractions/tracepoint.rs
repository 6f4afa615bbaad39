// SPDX-License-Identifier: GPL-2.0

//! Tracepoints of the kernel, which a module hangs a function of its own on.
//!
//! C header: [`include/linux/tracepoint.h`](srctree/include/linux/tracepoint.h)

use core::ptr::{
    from_mut,
    from_ref,
    null_mut, //
};

use kernel::error::to_result;

use super::{
    alive::Alive,
    compat::prelude::*, //
};
use crate::bindings;

/// A tracepoint by name, with the types of its arguments.
///
/// # Safety
///
/// `probe` is a pointer to a function with the prototype of the tracepoint's probes, which calls `fired` of
/// the `T` that its first argument points to, and does no more than that.
pub(crate) unsafe trait Tracepoint {
    /// The tracepoint's name, as in `TRACE_EVENT`.
    const NAME: &'static CStr;

    /// Its arguments, or those a handler needs; valid during the call.
    type Args<'call>: Copy;

    /// What the kernel calls.
    fn probe<T: Handler<Tracepoint = Self>>() -> *mut c_void;
}

/// What runs when the tracepoint is reached.
pub(crate) trait Handler: Sync {
    /// The tracepoint it is for.
    type Tracepoint: Tracepoint;

    /// Runs in whatever context reaches it, softirqs included, on top of any other handler, and where the
    /// kernel's tracepoints are preemptible so is this. Must not sleep, allocate or loop without a bound.
    fn fired(&self, args: <Self::Tracepoint as Tracepoint>::Args<'_>);
}

/// A handler on a tracepoint.
///
/// Dropping it takes it off and waits until it does not run any more.
///
/// # Invariants
///
/// `handler` is registered with `tracepoint`.
pub(crate) struct Registration<T: Handler> {
    tracepoint: *mut bindings::tracepoint,
    handler: KBox<T>,
    _alive: Alive,
}

// SAFETY: It may be taken off on any thread, and the handler is `Send`. The kernel's own tracepoints stay.
unsafe impl<T: Handler + Send> Send for Registration<T> {}
// SAFETY: A shared reference gives access to nothing.
unsafe impl<T: Handler> Sync for Registration<T> {}

impl<T: Handler> Registration<T> {
    /// Registers it. May sleep.
    ///
    /// Fails with `ENOENT` where the kernel has no such tracepoint, `ENOMEM`.
    pub(crate) fn new(handler: T) -> Result<Self> {
        let alive = Alive::new();
        let handler = KBox::new(handler, GFP_KERNEL)?;
        let tracepoint = find(T::Tracepoint::NAME).ok_or(ENOENT)?;
        // SAFETY: The tracepoint is the kernel's; the function is for it and takes the handler, which stays
        // where it is, in its own allocation, until `drop` has taken it off.
        to_result(unsafe {
            bindings::tracepoint_probe_register(
                tracepoint,
                T::Tracepoint::probe::<T>(),
                from_ref::<T>(&handler).cast_mut().cast(),
            )
        })?;
        // INVARIANT: Just registered.
        Ok(Self {
            tracepoint,
            handler,
            _alive: alive,
        })
    }
}

impl<T: Handler> Drop for Registration<T> {
    fn drop(&mut self) {
        let handler = from_ref::<T>(&self.handler).cast_mut().cast();
        // SAFETY: Registered by the type invariant, with just these.
        unsafe {
            bindings::tracepoint_probe_unregister(
                self.tracepoint,
                T::Tracepoint::probe::<T>(),
                handler,
            );
        }
        // SAFETY: Process context. This waits for those that run.
        unsafe { bindings::tsoffset_tracepoint_synchronize_unregister() };
    }
}

/// What is looked for, and what was found.
struct Search {
    name: &'static CStr,
    found: *mut bindings::tracepoint,
}

/// A tracepoint of the kernel itself by its name: most are not exported.
fn find(name: &'static CStr) -> Option<*mut bindings::tracepoint> {
    let mut search = Search {
        name,
        found: null_mut(),
    };
    // SAFETY: The callback is for a `Search`, which lives until it has returned.
    unsafe { bindings::for_each_kernel_tracepoint(Some(compare), from_mut(&mut search).cast()) };
    (!search.found.is_null()).then_some(search.found)
}

/// # Safety
///
/// Called by the kernel only, with a tracepoint and a `Search`.
unsafe extern "C" fn compare(tracepoint: *mut bindings::tracepoint, search: *mut c_void) {
    // SAFETY: `find` passes it, and nobody else has it meanwhile.
    let search = unsafe { &mut *search.cast::<Search>() };
    let same = |(i, &byte): (usize, &u8)| {
        // SAFETY: A tracepoint's name is a C string; comparing ends at the first byte that differs, so at
        // its end at the latest.
        unsafe { (*tracepoint).name.cast::<u8>().add(i).read() == byte }
    };
    if search.name.to_bytes_with_nul().iter().enumerate().all(same) {
        search.found = tracepoint;
    }
}
