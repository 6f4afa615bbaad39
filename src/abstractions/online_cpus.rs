// SPDX-License-Identifier: GPL-2.0

//! Memory for each CPU that is or was online, rather than for each that may ever be.
//!
//! C header: [`include/linux/cpuhotplug.h`](srctree/include/linux/cpuhotplug.h)

use core::{
    cell::UnsafeCell,
    ptr::null_mut, //
};

use kernel::{
    container_of,
    error::to_result, //
};

use super::{
    alive::Alive,
    compat::prelude::*,
    marked::Marked,
    percpu::possible_cpus, //
};
use crate::bindings;

/// What each CPU has.
pub(crate) trait OfCpu: Sized + Send + Sync + 'static {
    /// What it is made from.
    type Plan: Send + Sync;

    /// Makes that of a CPU which is about to come online, or is. Process context, may sleep.
    fn new(plan: &Self::Plan, cpu: u32) -> Result<Self>;
}

/// A registration: while it lives, a `T` is made for each CPU before the CPU comes online. It stays when the CPU goes offline.
///
/// # Invariants
///
/// `inner` is an instance of the state `state`, whose callbacks are those of `T`.
pub(crate) struct Registration<T: OfCpu> {
    state: State,
    inner: Pin<KBox<Inner<T>>>,
    _alive: Alive,
}

/// A state of CPU hotplug, with instances.
struct State(c_int);

struct Inner<T: OfCpu> {
    node: UnsafeCell<bindings::hlist_node>,
    plan: T::Plan,
    // By the CPU's number: 0, or a pointer that `KBox::into_raw` gave.
    slots: KVVec<Marked>,
    // Not 0: making one failed.
    failed: Marked,
}

// SAFETY: The node belongs to the kernel; what is made is `Send` and `Sync`, as is the plan.
unsafe impl<T: OfCpu> Send for Registration<T> {}
// SAFETY: A shared reference gives access to what is made only, which is `Sync`.
unsafe impl<T: OfCpu> Sync for Registration<T> {}

impl State {
    fn new<T: OfCpu>(name: &'static CStr) -> Result<Self> {
        // SAFETY: The name is static, and the callback that of instances within an `Inner<T>`.
        let state = unsafe {
            bindings::tsoffset_cpuhp_setup_state_multi(name.as_char_ptr(), Some(prepare::<T>))
        };
        to_result(state.min(0))?;
        Ok(Self(state))
    }
}

impl Drop for State {
    fn drop(&mut self) {
        // SAFETY: The state was set up, and has no instance any more.
        unsafe { bindings::tsoffset_cpuhp_remove_multi_state(self.0) }
    }
}

impl<T: OfCpu> Registration<T> {
    /// Makes one for each CPU that is online, and registers for those that come. May sleep.
    ///
    /// Fails with `ENOMEM`, or with `ENOSPC` where the kernel has no state left.
    pub(crate) fn new(name: &'static CStr, plan: T::Plan) -> Result<Self> {
        let alive = Alive::new();
        let numbers = possible_cpus().last().unwrap_or(0) as usize + 1;
        let mut slots = KVVec::with_capacity(numbers, GFP_KERNEL)?;
        for _ in 0..numbers {
            slots.push(Marked::new(0), GFP_KERNEL)?;
        }
        let inner = KBox::pin(
            Inner::<T> {
                node: UnsafeCell::new(bindings::hlist_node {
                    next: null_mut(),
                    pprev: null_mut(),
                }),
                plan,
                slots,
                failed: Marked::new(0),
            },
            GFP_KERNEL,
        )?;
        let state = State::new::<T>(name)?;
        // SAFETY: The node is within an `Inner<T>`, which stays where it is until it is removed below or by `drop`.
        to_result(unsafe {
            bindings::tsoffset_cpuhp_state_add_instance(state.0, inner.node.get())
        })?;
        let failed = inner.failed.load() != 0;
        // INVARIANT: Just added.
        let registration = Self {
            state,
            inner,
            _alive: alive,
        };
        if failed {
            return Err(ENOMEM);
        }
        Ok(registration)
    }

    /// That of a CPU, by its number; none where it was never online, or there was no memory when it came. Any context.
    #[inline]
    pub(crate) fn get(&self, cpu: u32) -> Option<&T> {
        let slot = self.inner.slots.get(cpu as usize)?;
        // SAFETY: It is null, or what `prepare` published by a release: the load is marked and what it points to depends on it. It
        // lives until `drop`.
        unsafe { (slot.load() as *const T).as_ref() }
    }
}

/// # Safety
///
/// Called by the kernel only, for an instance of this state. Process context; one call at a time for each CPU.
unsafe extern "C" fn prepare<T: OfCpu>(cpu: c_uint, node: *mut bindings::hlist_node) -> c_int {
    let node = node.cast::<UnsafeCell<bindings::hlist_node>>();
    // SAFETY: The node is the field of an `Inner<T>`, which lives until the instance is removed, which waits for this call.
    let inner = unsafe { &*container_of!(node, Inner<T>, node) };
    let Some(slot) = inner.slots.get(cpu as usize) else {
        return 0;
    };
    if slot.load() != 0 {
        return 0;
    }
    match T::new(&inner.plan, cpu).and_then(|made| Ok(KBox::new(made, GFP_KERNEL)?)) {
        Ok(made) => slot.store_release(KBox::into_raw(made) as u64),
        // The CPU comes all the same.
        Err(_) => {
            inner.failed.store(1);
            pr_warn!("no memory for CPU {cpu}: nothing is recorded on it\n");
        }
    }
    0
}

impl<T: OfCpu> Drop for Registration<T> {
    fn drop(&mut self) {
        // SAFETY: By the type invariant it is an instance of the state. This waits for a callback in progress, and none follows.
        unsafe {
            bindings::tsoffset_cpuhp_state_remove_instance_nocalls(
                self.state.0,
                self.inner.node.get(),
            )
        };
        for slot in self.inner.slots.iter() {
            let made = slot.load() as *mut T;
            if !made.is_null() {
                // SAFETY: `prepare` made it by `into_raw`, and nobody borrows from `self` any more.
                drop(unsafe { KBox::from_raw(made) });
            }
        }
    }
}
