// SPDX-License-Identifier: GPL-2.0

//! Keeps the module's code loaded while the kernel may call it.
//!
//! Safe code can leak any value. A leaked registration is never unregistered, and the kernel keeps calling its
//! callbacks. So each registration holds an [`Alive`], and unload waits until all are dropped: unload cannot fail.

use kernel::ThisModule;

use super::compat::{
    atomic::{
        Acquire,
        Atomic,
        Full, //
    },
    prelude::*, //
};
use crate::bindings;

static ALIVE: Atomic<u64> = Atomic::new(0);

/// A guard of a registration: the kernel may call the module while it lives.
pub(crate) struct Alive(());

impl Alive {
    /// Returns a guard. Call it before the registration.
    pub(crate) fn new() -> Self {
        ALIVE.fetch_add(1, Full);
        Self(())
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        ALIVE.fetch_sub(1, Full);
    }
}

/// A loaded module: the type that `module!` passes to the kernel.
pub(crate) struct Loaded<M>(Option<M>);

impl<M: kernel::Module> kernel::Module for Loaded<M> {
    fn init(module: &'static ThisModule) -> Result<Self> {
        M::init(module)
            .map(|loaded| Self(Some(loaded)))
            .inspect_err(|_| wait())
    }
}

impl<M> Drop for Loaded<M> {
    fn drop(&mut self) {
        self.0 = None;
        wait();
    }
}

/// Waits until no registration is left. May sleep.
fn wait() {
    let leaked = ALIVE.load(Acquire);
    if leaked != 0 {
        pr_err!("{leaked} registrations were leaked, and the kernel may call them: the module's code stays\n");
    }
    while ALIVE.load(Acquire) != 0 {
        // SAFETY: Process context.
        unsafe { bindings::msleep(1000) };
    }
}
