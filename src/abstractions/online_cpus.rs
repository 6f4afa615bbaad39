// SPDX-License-Identifier: GPL-2.0

//! Memory for each CPU that is or was online, and not for each possible CPU.
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
    compat::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        prelude::*, //
    },
    marked::Marked,
    percpu::possible_cpus, //
};
use crate::bindings;

/// A value that each CPU has.
pub(crate) trait OfCpu: Sized + Send + Sync + 'static {
    /// The argument from which the values are made.
    type Plan: Send + Sync;

    /// Creates the value of a CPU that is online or about to come online. Process context, may sleep.
    fn new(plan: &Self::Plan, cpu: u32) -> Result<Self>;
}

/// A registration: while it lives, each CPU gets a `T` before it comes online. The `T` stays when the CPU goes
/// offline.
///
/// # Invariants
///
/// `inner` is an instance of the state `state`, whose callbacks belong to `T`.
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
    // Indexed by the CPU's number: 0, or a pointer from `KBox::into_raw`.
    slots: KVVec<Marked>,
    // Not 0: the creation of a value failed.
    failed: Atomic<u64>,
}

// SAFETY: The node belongs to the kernel; the values and the plan are `Send` and `Sync`.
unsafe impl<T: OfCpu> Send for Registration<T> {}
// SAFETY: A shared reference gives access to the values only, which are `Sync`.
unsafe impl<T: OfCpu> Sync for Registration<T> {}

impl State {
    fn new<T: OfCpu>(name: &'static CStr) -> Result<Self> {
        // SAFETY: The name is static, and the callback is for instances in an `Inner<T>`.
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
    /// Creates a value for each online CPU, and registers for CPUs that come online later. May sleep.
    ///
    /// Fails with `ENOMEM`, or with `ENOSPC` if the kernel has no free state.
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
                failed: Atomic::new(0),
            },
            GFP_KERNEL,
        )?;
        let state = State::new::<T>(name)?;
        // SAFETY: The node is in an `Inner<T>`, which does not move until the node is removed below or by `drop`.
        to_result(unsafe {
            bindings::tsoffset_cpuhp_state_add_instance(state.0, inner.node.get())
        })?;
        let failed = inner.failed.load(Relaxed) != 0;
        // INVARIANT: The instance was just added.
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

    /// Returns the value of a CPU, by its number. `None` if the CPU was never online, or if memory was short when it
    /// came online. Any context.
    #[inline]
    pub(crate) fn get(&self, cpu: u32) -> Option<&T> {
        let slot = self.inner.slots.get(cpu as usize)?;
        // SAFETY: The pointer is null, or `prepare` published it by a release. The load is marked, and accesses
        // through the pointer depend on it. The value lives until `drop`.
        unsafe { (slot.load() as *const T).as_ref() }
    }
}

/// # Safety
///
/// Only the kernel calls it, for an instance of this state. Process context; one call at a time for each CPU.
unsafe extern "C" fn prepare<T: OfCpu>(cpu: c_uint, node: *mut bindings::hlist_node) -> c_int {
    let node = node.cast::<UnsafeCell<bindings::hlist_node>>();
    // SAFETY: The node is the field of an `Inner<T>`. It lives until the instance is removed, and the removal waits
    // for this call.
    let inner = unsafe { &*container_of!(node, Inner<T>, node) };
    let Some(slot) = inner.slots.get(cpu as usize) else {
        return 0;
    };
    if slot.load() != 0 {
        return 0;
    }
    match T::new(&inner.plan, cpu).and_then(|made| Ok(KBox::new(made, GFP_KERNEL)?)) {
        Ok(made) => slot.store_release(KBox::into_raw(made) as u64),
        // The CPU comes online without a value.
        Err(_) => {
            inner.failed.store(1, Relaxed);
            pr_warn!("no memory for CPU {cpu}: nothing is recorded on it\n");
        }
    }
    0
}

impl<T: OfCpu> Drop for Registration<T> {
    fn drop(&mut self) {
        // SAFETY: By the type invariant, it is an instance of the state. This waits for a callback in progress, and
        // none follows.
        unsafe {
            bindings::tsoffset_cpuhp_state_remove_instance_nocalls(
                self.state.0,
                self.inner.node.get(),
            )
        };
        for slot in self.inner.slots.iter() {
            let made = slot.load() as *mut T;
            if !made.is_null() {
                // SAFETY: `prepare` made it by `into_raw`, and no borrow from `self` is left.
                drop(unsafe { KBox::from_raw(made) });
            }
        }
    }
}
