// SPDX-License-Identifier: GPL-2.0

//! The module's code stays for as long as the kernel may call it.
//!
//! Safe code may leak whatever it owns. A registration that is leaked is never taken back, and the kernel calls it for ever. So each
//! registration has an [`Alive`], and the module is not unloaded while there is one: unloading has no way to fail, so it waits.

use kernel::ThisModule;

use super::{
    compat::prelude::*,
    marked::SharedCounter, //
};
use crate::bindings;

static ALIVE: SharedCounter = SharedCounter::new();

/// What the kernel may call is registered for as long as this lives.
pub(crate) struct Alive(());

impl Alive {
    /// Before something is registered.
    pub(crate) fn new() -> Self {
        ALIVE.increment();
        Self(())
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        ALIVE.decrement();
    }
}

/// A loaded module. `module!` gives it to the kernel.
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

/// Waits until nothing is registered. May sleep.
fn wait() {
    let leaked = ALIVE.load_acquire();
    if leaked != 0 {
        pr_err!("{leaked} registrations were leaked, and the kernel may call them: the module's code stays\n");
    }
    while ALIVE.load_acquire() != 0 {
        // SAFETY: Process context.
        unsafe { bindings::msleep(1000) };
    }
}
