// SPDX-License-Identifier: GPL-2.0

//! State that every network namespace has of its own, made and dropped with it.
//!
//! C headers: [`include/net/net_namespace.h`](srctree/include/net/net_namespace.h),
//! [`include/net/netns/generic.h`](srctree/include/net/netns/generic.h)

use core::{
    cell::UnsafeCell,
    ptr::null_mut, //
};

use kernel::{
    error::to_result,
    sync::Arc,
    types::Opaque, //
};

use super::{
    alive::Alive,
    compat::{
        prelude::*,
        rcu::Guard, //
    },
    net::Net,
    rcu::ReadSection, //
};
use crate::bindings;

/// What each network namespace has of its own.
pub(crate) trait PernetOperations: HasNetId + Send + Sync + 'static {
    /// What it is made with.
    type Home: Send + Sync;

    /// Makes it for a namespace that comes up, or that there is already. Process context, may sleep; no
    /// namespace comes up where this fails.
    ///
    /// It is dropped when the namespace goes, or the registration, in process context.
    fn new(home: &Arc<Self::Home>, net: Net<'_>) -> Result<Self>;
}

/// Where the kernel's callbacks find the registration of a type.
///
/// # Safety
///
/// [`slot`](Self::slot) gives the same static at every call, and no other type's does.
pub(crate) unsafe trait HasNetId: Sized {
    /// The static.
    fn net_id() -> &'static NetId<Self>
    where
        Self: PernetOperations;
}

/// Gives a type its [`NetId`].
macro_rules! has_net_id {
    ($type:ty) => {
        // SAFETY: The static is this function's own, and a type has one implementation.
        unsafe impl $crate::abstractions::pernet::HasNetId for $type {
            fn net_id() -> &'static $crate::abstractions::pernet::NetId<Self> {
                static NET_ID: $crate::abstractions::pernet::NetId<$type> =
                    $crate::abstractions::pernet::NetId::new();
                &NET_ID
            }
        }
    };
}
pub(crate) use has_net_id;

/// What the kernel's callbacks, which know a namespace only, find the registration by.
pub(crate) struct NetId<T: PernetOperations> {
    // What the kernel calls it; written by the kernel before any callback.
    id: UnsafeCell<c_uint>,
    // Set while it is registered.
    home: UnsafeCell<*const Arc<T::Home>>,
}

// SAFETY: `home` is claimed atomically, and both are written only while nobody else can come to them.
unsafe impl<T: PernetOperations> Sync for NetId<T> {}

impl<T: PernetOperations> NetId<T> {
    /// One without a registration.
    pub(crate) const fn new() -> Self {
        Self {
            id: UnsafeCell::new(0),
            home: UnsafeCell::new(null_mut()),
        }
    }

    /// Claims or gives back; says whether it was as expected.
    fn replace(&self, old: *const Arc<T::Home>, new: *const Arc<T::Home>) -> bool {
        // SAFETY: A pointer is a word, and this one is written by nothing else.
        unsafe {
            bindings::tsoffset_cmpxchg(self.home.get().cast(), old as u64, new as u64) == old as u64
        }
    }
}

/// What the kernel keeps for us in each namespace: it allocates it, zeroed, before `init`, and frees it when
/// the `exit` functions of all subsystems have run.
struct NetEntry<T> {
    // Null before `init` and after `pre_exit`.
    current: *mut T,
    // Between `pre_exit` and `exit`.
    leaving: *mut T,
}

/// A registration: while it lives, each namespace has a `T`.
///
/// # Invariants
///
/// `ops` is registered, and `T::net_id()` is this one's.
///
/// # Examples
///
/// ```ignore
/// struct Seen(SharedCounter);
///
/// has_net_id!(Seen);
///
/// impl PernetOperations for Seen {
///     type Home = ();
///
///     fn new(_home: &Arc<()>, _net: Net<'_>) -> Result<Self> {
///         Ok(Self(SharedCounter::new()))
///     }
/// }
///
/// if let Some(seen) = registration.get(net, &Guard::new()) {
///     seen.0.increment();
/// }
/// ```
pub(crate) struct Registration<T: PernetOperations> {
    ops: KBox<Opaque<bindings::pernet_operations>>,
    // Behind `ops`: the callbacks use it, and find it by its address.
    home: KBox<Arc<T::Home>>,
    _alive: Alive,
}

// SAFETY: Unregistering may happen on any thread, and what it drops is `Send`.
unsafe impl<T: PernetOperations> Send for Registration<T> {}
// SAFETY: A shared reference gives access to `T`s, which are `Sync`.
unsafe impl<T: PernetOperations> Sync for Registration<T> {}

impl<T: PernetOperations> Registration<T> {
    /// Registers it, and makes a `T` for each namespace there is. May sleep.
    ///
    /// Fails with `EBUSY` where there is a registration of this type already, and as `T::new` does.
    pub(crate) fn new(home: Arc<T::Home>) -> Result<Self> {
        let alive = Alive::new();
        let home = KBox::new(home, GFP_KERNEL)?;
        let ops = KBox::new(
            Opaque::new(bindings::pernet_operations {
                init: Some(init::<T>),
                pre_exit: Some(pre_exit::<T>),
                exit: Some(exit::<T>),
                id: T::net_id().id.get(),
                size: size_of::<NetEntry<T>>(),
                // SAFETY: Every other member may be a null pointer or 0.
                ..unsafe { core::mem::zeroed() }
            }),
            GFP_KERNEL,
        )?;

        if !T::net_id().replace(null_mut(), &*home) {
            return Err(EBUSY);
        }
        // SAFETY: The operations stay where they are, in their own allocation, until `drop` unregisters
        // them; what the callbacks use was set before.
        to_result(unsafe { bindings::register_pernet_subsys(ops.get()) }).inspect_err(|_| {
            T::net_id().replace(&*home, null_mut());
        })?;
        // INVARIANT: Just registered, and the slot is ours.
        Ok(Self {
            ops,
            home,
            _alive: alive,
        })
    }

    /// A namespace's; none where the namespace is going, or is still being set up. Any context.
    #[inline]
    pub(crate) fn get<'a>(
        &'a self,
        net: Net<'a>,
        reading: impl Into<ReadSection<'a>>,
    ) -> Option<&'a T> {
        // SAFETY: The namespace is live and we are registered: the kernel has our place in it from `init` until all its
        // sockets are gone (before: see `place`). What the pointer points to is dropped a grace period after it is taken away, which
        // does not end before `'a` does.
        unsafe {
            let place = place::<T>(net.as_ptr(), reading.into());
            if place.is_null() {
                return None;
            }
            (&raw const (*place).current).read_volatile().as_ref()
        }
    }
}

impl<T: PernetOperations> Drop for Registration<T> {
    fn drop(&mut self) {
        // SAFETY: Registered by the type invariant. This drops every namespace's `T`.
        unsafe { bindings::unregister_pernet_subsys(self.ops.get()) };
        T::net_id().replace(&*self.home, null_mut());
    }
}

/// Our place in a namespace; null before `init`, while the `init` functions of other subsystems run. None of these may call us for a
/// namespace that was allocated before the registration, whose table may end before our place. None in the kernel does: they
/// neither connect a socket of TCP nor change its state.
///
/// # Safety
///
/// `net` is live, and `T` registered.
#[inline]
unsafe fn place<T: PernetOperations>(
    net: *const bindings::net,
    _reading: ReadSection<'_>,
) -> *mut NetEntry<T> {
    // This is `net_generic()`, whose read lock the caller has, or what stands for it.
    // SAFETY: The number does not change while it is registered. The table that the place is found in may be replaced
    // by a larger one, and is freed a grace period later; the place is not.
    unsafe {
        let table = (&raw const (*net).r#gen).read_volatile();
        table
            .byte_add(bindings::layout::NET_GENERIC_PTR)
            .cast::<*mut NetEntry<T>>()
            .add(*T::net_id().id.get() as usize)
            .read()
    }
}

/// # Safety
///
/// Called by the kernel only, once for each namespace, while `T` is registered.
unsafe extern "C" fn init<T: PernetOperations>(net: *mut bindings::net) -> c_int {
    // SAFETY: A registration keeps its home until no callback comes any more.
    let home = unsafe { &**T::net_id().home.get() };
    // SAFETY: The namespace lives during the call.
    match T::new(home, unsafe { Net::from_raw(net) }).and_then(|t| Ok(KBox::new(t, GFP_KERNEL)?)) {
        Ok(t) => {
            // SAFETY: The kernel has made the place. A release: whoever finds the pointer finds what it
            // points to.
            unsafe {
                let place = place::<T>(net, (&Guard::new()).into());
                bindings::tsoffset_smp_store_release(
                    (&raw mut (*place).current).cast(),
                    KBox::into_raw(t) as u64,
                );
            }
            0
        }
        Err(error) => error.to_errno(),
    }
}

/// # Safety
///
/// As `init`, and before `exit`; a grace period lies between the two.
unsafe extern "C" fn pre_exit<T: PernetOperations>(net: *mut bindings::net) {
    // SAFETY: The place is there; nobody else writes it.
    unsafe {
        let place = place::<T>(net, (&Guard::new()).into());
        (*place).leaving = (&raw const (*place).current).read_volatile();
        (&raw mut (*place).current).write_volatile(null_mut());
    }
}

/// # Safety
///
/// As `init`, the last of the three.
unsafe extern "C" fn exit<T: PernetOperations>(net: *mut bindings::net) {
    // SAFETY: `init` made it by `into_raw`, and since `pre_exit` and the grace period after it nobody looks
    // at it any more.
    drop(unsafe {
        let place = place::<T>(net, (&Guard::new()).into());
        KBox::from_raw((*place).leaving)
    });
}
