// SPDX-License-Identifier: GPL-2.0

//! Waking those who wait for something that happens in a probe handler.
//!
//! A handler must not wake anybody itself: it may have interrupted the very code that does so, with its
//! locks held. It leaves that to an interrupt of this CPU (irq_work), which comes when it can.
//!
//! C headers: [`include/linux/irq_work.h`](srctree/include/linux/irq_work.h),
//! [`include/linux/wait.h`](srctree/include/linux/wait.h)

use core::ptr::null_mut;

use kernel::{
    container_of,
    types::Opaque, //
};

use super::{
    compat::prelude::*,
    marked::SharedCounter, //
};
use crate::bindings;

/// A bell, those who listen for it, and those of them who wait.
///
/// # Invariants
///
/// `queue` and `work` are initialized; `work` lies in a pinned `Self`.
#[pin_data(PinnedDrop)]
pub(crate) struct Doorbell {
    #[pin]
    queue: Opaque<bindings::wait_queue_head>,
    #[pin]
    work: Opaque<bindings::irq_work>,
    listeners: SharedCounter,
}

// SAFETY: A wait queue has a lock of its own, an irq_work is claimed atomically.
unsafe impl Send for Doorbell {}
// SAFETY: As above.
unsafe impl Sync for Doorbell {}

impl Doorbell {
    /// One that nobody listens for.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            queue <- Opaque::ffi_init(|queue| {
                // SAFETY: The place is valid for writes, and pinned.
                unsafe { bindings::tsoffset_init_waitqueue_head(queue) }
            }),
            work <- Opaque::ffi_init(|work| {
                // SAFETY: As above; the callback is for the `work` of a `Doorbell`.
                unsafe { bindings::tsoffset_init_irq_work(work, Some(ring)) }
            }),
            listeners: SharedCounter::new(),
        })
    }

    /// Rings, where anybody listens. Any context; what was stored before is seen by those who wake up.
    #[inline]
    pub(crate) fn ring(&self) {
        if self.listeners.load_acquire() != 0 {
            // SAFETY: The work is initialized, and synced before it goes. Where it is pending already,
            // it runs after this.
            unsafe { bindings::irq_work_queue(self.work.get()) };
        }
    }

    /// Begins to listen: nothing that happens from now on goes without a ring. May sleep.
    pub(crate) fn listen(&self) {
        self.listeners.increment();
        // Probe handlers run with preemption off: those that began before they could see us have
        // ended then.
        // SAFETY: Process context.
        unsafe { bindings::synchronize_rcu() };
    }

    /// Ends it.
    pub(crate) fn leave(&self) {
        self.listeners.decrement();
    }

    /// Waits until the condition holds, which is asked again whenever the bell rings, and must not sleep. May
    /// sleep.
    ///
    /// Fails with `ERESTARTSYS` where a signal comes first.
    pub(crate) fn wait_until(&self, mut condition: impl FnMut() -> bool) -> Result {
        let entry = Opaque::<bindings::wait_queue_entry>::uninit();
        let entry = entry.get();
        // SAFETY: The entry is ours, and taken off the queue below.
        unsafe { bindings::init_wait_entry(entry, 0) };
        let result = loop {
            // SAFETY: Queue and entry are initialized. A full barrier comes before the condition.
            let interrupted = unsafe {
                bindings::prepare_to_wait_event(
                    self.queue.get(),
                    entry,
                    bindings::TASK_INTERRUPTIBLE as c_int,
                )
            };
            if condition() {
                break Ok(());
            }
            if interrupted != 0 {
                break Err(ERESTARTSYS);
            }
            // SAFETY: Process context, nothing locked that may not be.
            unsafe { bindings::schedule() };
        };
        // SAFETY: As above.
        unsafe { bindings::finish_wait(self.queue.get(), entry) };
        result
    }

    /// Has a poll of a file wake up when the bell rings.
    ///
    /// # Safety
    ///
    /// `file` and `table` are those that a file's poll operation got. The bell outlives the file.
    pub(super) unsafe fn poll(
        &self,
        file: *mut bindings::file,
        table: *mut bindings::poll_table_struct,
    ) {
        // SAFETY: The caller's promise.
        unsafe { bindings::tsoffset_poll_wait(file, self.queue.get(), table) }
    }
}

#[pinned_drop]
impl PinnedDrop for Doorbell {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: Nobody rings any more. This waits for a callback that is still to come or running.
        unsafe { bindings::irq_work_sync(self.work.get()) }
    }
}

/// # Safety
///
/// Called by the kernel only, for the `work` of a `Doorbell`.
unsafe extern "C" fn ring(work: *mut bindings::irq_work) {
    let field = work.cast::<Opaque<bindings::irq_work>>();
    // SAFETY: `work` is the field of a `Doorbell`, which syncs before it goes.
    let this = unsafe { &*container_of!(field, Doorbell, work) };
    // SAFETY: The queue is initialized; waking is allowed in an interrupt.
    unsafe { bindings::__wake_up(this.queue.get(), bindings::TASK_NORMAL, 0, null_mut()) };
}
