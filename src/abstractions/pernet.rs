// SPDX-License-Identifier: GPL-2.0

//! State of each network namespace, created and dropped with it.
//!
//! C headers: [`include/net/net_namespace.h`](srctree/include/net/net_namespace.h),
//! [`include/net/netns/generic.h`](srctree/include/net/netns/generic.h)

use core::{
    cell::UnsafeCell,
    ptr::{
        null,
        null_mut, //
    },
};

use kernel::{
    error::to_result,
    sync::Arc,
    types::Opaque, //
};

use super::{
    alive::Alive,
    compat::{
        atomic::{
            Atomic,
            Full,
            Relaxed, //
        },
        prelude::*,
        rcu::Guard,
        zeroed::zeroed, //
    },
    net::Net,
    rcu::ReadSection, //
};
use crate::bindings;

/// The state of a network namespace.
pub(crate) trait PernetOperations: HasNetId + Send + Sync + 'static {
    /// The argument that all states share.
    type Data: Send + Sync;

    /// Creates the state of a namespace that is being set up or exists already. Process context, may sleep. After a
    /// failure, the namespace does not come up.
    ///
    /// The state is dropped with the namespace or the registration, in process context.
    fn new(home: &Arc<Self::Data>, net: Net<'_>) -> Result<Self>;
}

/// The place where the kernel's callbacks find the registration of a type.
///
/// # Safety
///
/// [`net_id`](Self::net_id) returns the same static at every call, and each type has its own.
pub(crate) unsafe trait HasNetId: Sized {
    /// Returns the static.
    fn net_id() -> &'static NetId<Self>
    where
        Self: PernetOperations;
}

/// Implements [`HasNetId`] for a type.
macro_rules! has_net_id {
    ($type:ty) => {
        // SAFETY: The static belongs to this function, and a type has one implementation.
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

/// The registration of a type. The kernel's callbacks get a namespace only, and find the registration here.
pub(crate) struct NetId<T: PernetOperations> {
    // The kernel's number of the registration. The kernel writes it before any callback.
    id: UnsafeCell<c_uint>,
    // Not null while registered.
    home: Atomic<*const Arc<T::Data>>,
}

// SAFETY: `home` is atomic, and `id` is written only while no other code can reach it.
unsafe impl<T: PernetOperations> Sync for NetId<T> {}

impl<T: PernetOperations> NetId<T> {
    /// Returns a value without a registration.
    pub(crate) const fn new() -> Self {
        Self {
            id: UnsafeCell::new(0),
            home: Atomic::new(null()),
        }
    }

    /// Claims or releases the registration. Returns whether the old value was `old`.
    fn replace(&self, old: *const Arc<T::Data>, new: *const Arc<T::Data>) -> bool {
        self.home.cmpxchg(old, new, Full).is_ok()
    }
}

/// The entry that the kernel keeps for us in each namespace. It allocates the entry, zeroed, before `init`. It frees
/// the entry after the `exit` functions of all subsystems.
struct NetEntry<T> {
    // Null before `init` and after `pre_exit`.
    current: *mut T,
    // Not null between `pre_exit` and `exit`.
    leaving: *mut T,
}

/// A registration: while it lives, each namespace has a `T`.
///
/// # Invariants
///
/// `ops` is registered, and `T::net_id()` belongs to this registration.
///
/// upstream/0002 has a compiled example.
pub(crate) struct Registration<T: PernetOperations> {
    ops: KBox<Opaque<bindings::pernet_operations>>,
    // Declared after `ops`: the callbacks use it, by its address.
    home: KBox<Arc<T::Data>>,
    _alive: Alive,
}

// SAFETY: Any thread may unregister, and the dropped values are `Send`.
unsafe impl<T: PernetOperations> Send for Registration<T> {}
// SAFETY: A shared reference gives access to `T`s, which are `Sync`.
unsafe impl<T: PernetOperations> Sync for Registration<T> {}

impl<T: PernetOperations> Registration<T> {
    /// Registers the type, and creates a `T` for each existing namespace. May sleep.
    ///
    /// Fails with `EBUSY` if this type is registered already, or with an error of `T::new`.
    pub(crate) fn new(home: Arc<T::Data>) -> Result<Self> {
        let alive = Alive::new();
        let home = KBox::new(home, GFP_KERNEL)?;
        let ops = KBox::new(
            Opaque::new(bindings::pernet_operations {
                init: Some(init::<T>),
                pre_exit: Some(pre_exit::<T>),
                exit: Some(exit::<T>),
                id: T::net_id().id.get(),
                size: size_of::<NetEntry<T>>(),
                ..zeroed()
            }),
            GFP_KERNEL,
        )?;

        if !T::net_id().replace(null(), &*home) {
            return Err(EBUSY);
        }
        // SAFETY: The operations do not move, in their own allocation, until `drop` unregisters them. All data that
        // the callbacks use was set before.
        to_result(unsafe { bindings::register_pernet_subsys(ops.get()) }).inspect_err(|_| {
            T::net_id().replace(&*home, null_mut());
        })?;
        // INVARIANT: The operations were just registered, and `net_id` is claimed.
        Ok(Self {
            ops,
            home,
            _alive: alive,
        })
    }

    /// Returns the state of a namespace; `None` if the namespace is being removed or set up. Any context.
    #[inline]
    pub(crate) fn get<'a>(
        &'a self,
        net: Net<'a>,
        reading: impl Into<ReadSection<'a>>,
    ) -> Option<&'a T> {
        // SAFETY: The namespace is live, and `T` is registered. The kernel keeps our entry from `init` until all the
        // namespace's sockets are freed (before: see `net_generic`). The state is dropped a grace period after its
        // pointer is cleared, which does not end before `'a` does.
        unsafe {
            let entry = net_generic::<T>(net.as_ptr(), reading.into());
            if entry.is_null() {
                return None;
            }
            (&raw const (*entry).current).read_volatile().as_ref()
        }
    }
}

impl<T: PernetOperations> Drop for Registration<T> {
    fn drop(&mut self) {
        // SAFETY: Registered, by the type invariant. This drops the `T` of every namespace.
        unsafe { bindings::unregister_pernet_subsys(self.ops.get()) };
        T::net_id().replace(&*self.home, null());
    }
}

/// Returns our entry in a namespace. It is null before `init`, while the `init` functions of other subsystems run. In
/// a namespace that was allocated before the registration, the table can end before our entry. So those functions
/// must not call us, and none in the kernel does: none connects a TCP socket or changes its state.
///
/// # Safety
///
/// `net` is live, and `T` is registered.
#[inline]
unsafe fn net_generic<T: PernetOperations>(
    net: *const bindings::net,
    _reading: ReadSection<'_>,
) -> *mut NetEntry<T> {
    // As `net_generic()` of include/net/netns/generic.h. The caller holds its read lock, or an equivalent.
    // SAFETY: The caller guarantees a live namespace, and this is its pointer to the table. The number does not change
    // while registered. The kernel may replace the table by a larger one, and frees the old table a grace period later.
    // The entry is not freed with it.
    unsafe {
        let table = Net::from_raw(net)
            .field::<*const bindings::net_generic>(bindings::layout::NET_GEN)
            .read_volatile();
        table
            .byte_add(bindings::layout::NET_GENERIC_PTR)
            .cast::<*mut NetEntry<T>>()
            .add(*T::net_id().id.get() as usize)
            .read()
    }
}

/// # Safety
///
/// Only the kernel calls it, once for each namespace, while `T` is registered.
unsafe extern "C" fn init<T: PernetOperations>(net: *mut bindings::net) -> c_int {
    // SAFETY: A registration keeps its home until no callback runs any more.
    let home = unsafe { &*T::net_id().home.load(Relaxed) };
    // SAFETY: The namespace lives during the call.
    match T::new(home, unsafe { Net::from_raw(net) }).and_then(|t| Ok(KBox::new(t, GFP_KERNEL)?)) {
        Ok(t) => {
            // SAFETY: The kernel has allocated the entry. The release store publishes the state with its pointer.
            unsafe {
                let entry = net_generic::<T>(net, (&Guard::new()).into());
                bindings::tsoffset_smp_store_release(
                    (&raw mut (*entry).current).cast(),
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
/// As for `init`, before `exit`; a grace period is between the two.
unsafe extern "C" fn pre_exit<T: PernetOperations>(net: *mut bindings::net) {
    // SAFETY: The entry exists, and no other code writes it.
    unsafe {
        let entry = net_generic::<T>(net, (&Guard::new()).into());
        (*entry).leaving = (&raw const (*entry).current).read_volatile();
        (&raw mut (*entry).current).write_volatile(null_mut());
    }
}

/// # Safety
///
/// As for `init`; the last of the three.
unsafe extern "C" fn exit<T: PernetOperations>(net: *mut bindings::net) {
    // SAFETY: `init` made it by `into_raw`. Since the grace period after `pre_exit`, it has no reader.
    drop(unsafe {
        let entry = net_generic::<T>(net, (&Guard::new()).into());
        KBox::from_raw((*entry).leaving)
    });
}
