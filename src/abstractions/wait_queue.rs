// SPDX-License-Identifier: GPL-2.0

//! Wakeups of tasks that wait for an event in a probe handler.
//!
//! A handler must not wake a task: it may have interrupted the wakeup code, which holds locks. Instead it queues an
//! irq_work, which runs in an interrupt of its CPU as soon as possible. On PREEMPT_RT, the queue's lock sleeps. There
//! the work runs in the irq_work thread, as it does not ask for a hard interrupt.
//!
//! The kernel crate's `PollCondVar` does not fit. Its wait takes a lock, and the condition changes under that lock. Here a
//! probe handler changes the condition without a lock: a change between the check and the sleep would be lost.
//!
//! C headers: [`include/linux/irq_work.h`](srctree/include/linux/irq_work.h),
//! [`include/linux/wait.h`](srctree/include/linux/wait.h)

use core::ptr::null_mut;

use kernel::{
    container_of,
    types::Opaque, //
};

use super::{
    alive::Alive,
    compat::{
        prelude::*,
        rcu::synchronize_rcu, //
    },
    marked::SharedCounter,
    percpu::PerCpu,
    preempt::PreemptDisabled, //
};
use crate::bindings;

/// A wait queue that probe handlers notify, with the number of its listeners.
///
/// # Invariants
///
/// `head` is initialized and pinned. So are the works, which all point to `head`.
pub(crate) struct WaitQueue {
    // One for each CPU: a notification writes it.
    works: PerCpu<Work>,
    head: Pin<KBox<Opaque<bindings::wait_queue_head>>>,
    listeners: SharedCounter,
    _alive: Alive,
}

// SAFETY: A wait queue has its own lock, and an irq_work is claimed atomically.
unsafe impl Send for WaitQueue {}
// SAFETY: The kernel's wait queue has its own lock. All other fields are atomic or belong to one CPU.
unsafe impl Sync for WaitQueue {}

/// The irq_work of one CPU.
struct Work {
    work: Opaque<bindings::irq_work>,
    head: *mut bindings::wait_queue_head,
}

// SAFETY: As for `WaitQueue`.
unsafe impl Sync for Work {}

impl WaitQueue {
    /// Returns a queue without listeners. May sleep.
    ///
    /// Fails with `ENOMEM`.
    pub(crate) fn new() -> Result<Self> {
        let head = Pin::from(KBox::new(Opaque::uninit(), GFP_KERNEL)?);
        // SAFETY: The memory is valid for writes, and pinned.
        unsafe { bindings::tsoffset_init_waitqueue_head(head.get()) };
        let works = PerCpu::new(|_| Work {
            work: Opaque::uninit(),
            head: head.get(),
        })?;
        for (_, work) in works.iter() {
            // SAFETY: Per-CPU memory is valid for writes, and does not move. The callback is for the `work` of a
            // `Work`.
            unsafe { bindings::tsoffset_init_irq_work(work.work.get(), Some(wake)) };
        }
        // INVARIANT: Both were initialized in place.
        Ok(Self {
            works,
            head,
            listeners: SharedCounter::new(),
            _alive: Alive::new(),
        })
    }

    /// Wakes the waiting tasks, if there are listeners: soon, in an interrupt or a thread of this CPU. The woken tasks see
    /// earlier stores.
    ///
    /// Writes memory of this CPU only.
    #[inline]
    pub(crate) fn notify(&self, preempt: PreemptDisabled<'_>) {
        if self.listeners.load_acquire() != 0 {
            // SAFETY: The work is initialized, and `drop` syncs it before its memory is freed. A pending work
            // runs after this.
            unsafe { bindings::irq_work_queue(self.works.this_cpu(preempt).work.get()) };
        }
    }

    /// Begins to listen: a later event causes a notification. May sleep.
    pub(crate) fn listen(&self) {
        self.listeners.increment();
        // Probe handlers run with preemption off: handlers that did not see the listener have ended after the grace
        // period.
        synchronize_rcu();
    }

    /// Ends listening.
    pub(crate) fn leave(&self) {
        self.listeners.decrement();
    }

    /// Waits until the condition holds. Checks it again at every notification; the condition must not sleep. May
    /// sleep.
    ///
    /// Fails with `ERESTARTSYS` after a signal.
    pub(crate) fn wait_until(&self, mut condition: impl FnMut() -> bool) -> Result {
        let entry = Opaque::<bindings::wait_queue_entry>::uninit();
        let entry = entry.get();
        // SAFETY: The entry belongs to this call, and is removed from the queue below.
        unsafe { bindings::init_wait_entry(entry, 0) };
        let result = loop {
            // SAFETY: Queue and entry are initialized. The function is a full barrier before the condition.
            let interrupted = unsafe {
                bindings::prepare_to_wait_event(
                    self.head.get(),
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
            // SAFETY: Process context, without a lock that forbids sleep.
            unsafe { bindings::schedule() };
        };
        // SAFETY: The queue is live and initialized, and `entry` was prepared for it by this task.
        unsafe { bindings::finish_wait(self.head.get(), entry) };
        result
    }

    /// Registers a poll of a file for notifications.
    ///
    /// # Safety
    ///
    /// `file` and `table` are the arguments of a file's poll operation. The queue outlives the file.
    pub(super) unsafe fn poll(
        &self,
        file: *mut bindings::file,
        table: *mut bindings::poll_table_struct,
    ) {
        // SAFETY: The caller guarantees arguments of the kernel's poll call. The queue lives until its pollers are
        // gone.
        unsafe { bindings::tsoffset_poll_wait(file, self.head.get(), table) }
    }
}

impl Drop for WaitQueue {
    fn drop(&mut self) {
        for (_, work) in self.works.iter() {
            // SAFETY: No handler notifies any more. This waits for a pending or running callback.
            unsafe { bindings::irq_work_sync(work.work.get()) }
        }
    }
}

/// # Safety
///
/// Only the kernel calls it, for the `work` of a `Work`.
unsafe extern "C" fn wake(work: *mut bindings::irq_work) {
    let field = work.cast::<Opaque<bindings::irq_work>>();
    // SAFETY: `work` is the field of a `Work` of a `WaitQueue`, which syncs it before the free.
    let head = unsafe { (*container_of!(field, Work, work)).head };
    // Tasks that are awake need no wakeup: then the queue, which all CPUs share, is not written.
    // SAFETY: The queue is initialized, and freed after the works. The function begins with a full barrier.
    if unsafe { bindings::tsoffset_wq_has_sleeper(head) } {
        // SAFETY: The queue lives as long as this work. A wakeup is allowed in an interrupt; on PREEMPT_RT this runs
        // in a thread.
        unsafe { bindings::__wake_up(head, bindings::TASK_NORMAL, 0, null_mut()) };
    }
}
