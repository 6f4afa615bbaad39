// SPDX-License-Identifier: GPL-2.0

//! Probes on tracepoints of the kernel.
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
/// `probe` returns a pointer to a function with the prototype of the tracepoint's probes. That function only calls
/// `on_hit` of the `T` to which its first argument points.
pub(crate) unsafe trait Tracepoint {
    /// The tracepoint's name, as in `TRACE_EVENT`.
    const NAME: &'static CStr;

    /// The arguments, or those that a handler needs; valid during the call.
    type Args<'call>: Copy;

    /// Returns the function that the kernel calls.
    fn probe<T: Handler<Tracepoint = Self>>() -> *mut c_void;
}

/// A handler of a tracepoint.
pub(crate) trait Handler: Sync {
    /// The handler's tracepoint.
    type Tracepoint: Tracepoint;

    /// Runs in any context of the tracepoint, including softirqs, and can interrupt any other handler. It is
    /// preemptible if the kernel's tracepoints are. Must not sleep, allocate or loop without a bound.
    fn on_hit(&self, args: <Self::Tracepoint as Tracepoint>::Args<'_>);
}

/// A handler on a tracepoint.
///
/// Drop unregisters the handler and waits for running calls.
///
/// # Invariants
///
/// `handler` is registered with `tracepoint`.
pub(crate) struct Registration<T: Handler> {
    tracepoint: *mut bindings::tracepoint,
    handler: KBox<T>,
    _alive: Alive,
}

// SAFETY: Any thread may unregister, and the handler is `Send`. The kernel's own tracepoints stay.
unsafe impl<T: Handler + Send> Send for Registration<T> {}
// SAFETY: A shared reference gives access to nothing.
unsafe impl<T: Handler> Sync for Registration<T> {}

impl<T: Handler> Registration<T> {
    /// Registers the handler. May sleep.
    ///
    /// Fails with `ENOENT` if the kernel has no such tracepoint, or with `ENOMEM`.
    pub(crate) fn new(handler: T) -> Result<Self> {
        let alive = Alive::new();
        let handler = KBox::new(handler, GFP_KERNEL)?;
        let tracepoint = find(T::Tracepoint::NAME).ok_or(ENOENT)?;
        // SAFETY: The tracepoint belongs to the kernel. The function is a probe for it and takes the handler, which does not
        // move, in its own allocation, until `drop` has unregistered it.
        to_result(unsafe {
            bindings::tracepoint_probe_register(
                tracepoint,
                T::Tracepoint::probe::<T>(),
                from_ref::<T>(&handler).cast_mut().cast(),
            )
        })?;
        // INVARIANT: The handler was just registered.
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
        // SAFETY: Registered with these arguments, by the type invariant.
        unsafe {
            bindings::tracepoint_probe_unregister(
                self.tracepoint,
                T::Tracepoint::probe::<T>(),
                handler,
            );
        }
        // SAFETY: Process context. This waits for running calls.
        unsafe { bindings::tsoffset_tracepoint_synchronize_unregister() };
    }
}

/// The name to search for, and the result.
struct Search {
    name: &'static CStr,
    found: *mut bindings::tracepoint,
}

/// Returns a tracepoint of the kernel itself, by its name: most are not exported.
fn find(name: &'static CStr) -> Option<*mut bindings::tracepoint> {
    let mut search = Search {
        name,
        found: null_mut(),
    };
    // SAFETY: The callback takes a `Search`, which lives until the function has returned.
    unsafe { bindings::for_each_kernel_tracepoint(Some(compare), from_mut(&mut search).cast()) };
    (!search.found.is_null()).then_some(search.found)
}

/// # Safety
///
/// Only the kernel calls it, with a tracepoint and a `Search`.
unsafe extern "C" fn compare(tracepoint: *mut bindings::tracepoint, search: *mut c_void) {
    // SAFETY: `find` passes it, and it has no other user meanwhile.
    let search = unsafe { &mut *search.cast::<Search>() };
    let same = |(i, &byte): (usize, &u8)| {
        // SAFETY: A tracepoint's name is a C string. The comparison ends at the first different byte, so at the end
        // of the name at the latest.
        unsafe { (*tracepoint).name.cast::<u8>().add(i).read() == byte }
    };
    if search.name.to_bytes_with_nul().iter().enumerate().all(same) {
        search.found = tracepoint;
    }
}
