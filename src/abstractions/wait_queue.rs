// SPDX-License-Identifier: GPL-2.0

//! Waking those who wait for something that happens in a probe handler.
//!
//! A handler must not wake anybody itself: it may have interrupted the very code that does so, with its
//! locks held. It leaves that to an interrupt of its own CPU (irq_work), which comes when it can; on PREEMPT_RT,
//! where the queue's lock sleeps, to the thread that irq_work has there, so it does not ask for a hard interrupt.
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
    compat::prelude::*,
    marked::SharedCounter,
    percpu::PerCpu,
    preempt::PreemptDisabled, //
};
use crate::bindings;

/// A wait queue that probe handlers notify, and the number of those who listen to it.
///
/// # Invariants
///
/// `head` is initialized and pinned; so are the works, each of which points to it.
pub(crate) struct WaitQueue {
    // One for each CPU: asking for the interrupt writes it.
    works: PerCpu<Work>,
    head: Pin<KBox<Opaque<bindings::wait_queue_head>>>,
    listeners: SharedCounter,
    _alive: Alive,
}

// SAFETY: A wait queue has a lock of its own, an irq_work is claimed atomically.
unsafe impl Send for WaitQueue {}
// SAFETY: The kernel's wait queue has its own lock, and all else is atomic or each CPU's own.
unsafe impl Sync for WaitQueue {}

/// What one CPU asks its interrupt for.
struct Work {
    work: Opaque<bindings::irq_work>,
    head: *mut bindings::wait_queue_head,
}

// SAFETY: As of `WaitQueue`.
unsafe impl Sync for Work {}

impl WaitQueue {
    /// One that nobody listens to. May sleep.
    ///
    /// Fails with `ENOMEM`.
    pub(crate) fn new() -> Result<Self> {
        let head = Pin::from(KBox::new(Opaque::uninit(), GFP_KERNEL)?);
        // SAFETY: The place is valid for writes, and pinned.
        unsafe { bindings::tsoffset_init_waitqueue_head(head.get()) };
        let works = PerCpu::new(|_| Work {
            work: Opaque::uninit(),
            head: head.get(),
        })?;
        for (_, work) in works.iter() {
            // SAFETY: Per-CPU memory is valid for writes, and stays where it is; the callback is for the
            // `work` of a `Work`.
            unsafe { bindings::tsoffset_init_irq_work(work.work.get(), Some(wake)) };
        }
        // INVARIANT: Both were initialized where they are.
        Ok(Self {
            works,
            head,
            listeners: SharedCounter::new(),
            _alive: Alive::new(),
        })
    }

    /// Wakes those who wait, if anybody listens: soon, in an interrupt or thread of this CPU. What was stored before is
    /// seen by those who wake up.
    ///
    /// It writes this CPU's memory only.
    #[inline]
    pub(crate) fn notify(&self, preempt: PreemptDisabled<'_>) {
        if self.listeners.load_acquire() != 0 {
            // SAFETY: The work is initialized, and synced before it goes. Where it is pending already,
            // it runs after this.
            unsafe { bindings::irq_work_queue(self.works.this_cpu(preempt).work.get()) };
        }
    }

    /// Begins to listen: nothing that happens from now on goes without a notification. May sleep.
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

    /// Waits until the condition holds, which is asked again at every notification, and must not sleep. May
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
            // SAFETY: Process context, nothing locked that may not be.
            unsafe { bindings::schedule() };
        };
        // SAFETY: The queue is live and initialized, and `entry` was prepared for it by this task.
        unsafe { bindings::finish_wait(self.head.get(), entry) };
        result
    }

    /// Has a poll of a file wake up at a notification.
    ///
    /// # Safety
    ///
    /// `file` and `table` are those that a file's poll operation got. The queue outlives the file.
    pub(super) unsafe fn poll(
        &self,
        file: *mut bindings::file,
        table: *mut bindings::poll_table_struct,
    ) {
        // SAFETY: The caller says that both come from the kernel's call of poll; the queue is live until its pollers are gone.
        unsafe { bindings::tsoffset_poll_wait(file, self.head.get(), table) }
    }
}

impl Drop for WaitQueue {
    fn drop(&mut self) {
        for (_, work) in self.works.iter() {
            // SAFETY: Nobody notifies any more. This waits for a callback that is still to come or running.
            unsafe { bindings::irq_work_sync(work.work.get()) }
        }
    }
}

/// # Safety
///
/// Called by the kernel only, for the `work` of a `Work`.
unsafe extern "C" fn wake(work: *mut bindings::irq_work) {
    let field = work.cast::<Opaque<bindings::irq_work>>();
    // SAFETY: `work` is the field of a `Work` of a `WaitQueue`, which syncs before it goes.
    let head = unsafe { (*container_of!(field, Work, work)).head };
    // Those who are awake come by themselves: the queue, which all CPUs share, is not written for them.
    // SAFETY: The queue is initialized, and goes after the works. A full barrier comes first.
    if unsafe { bindings::tsoffset_wq_has_sleeper(head) } {
        // SAFETY: The queue is live as long as this work is. Waking is allowed in an interrupt, and on PREEMPT_RT this runs in a thread.
        unsafe { bindings::__wake_up(head, bindings::TASK_NORMAL, 0, null_mut()) };
    }
}
