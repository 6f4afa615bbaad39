// SPDX-License-Identifier: GPL-2.0

//! Trying the probes: one that is registered does not always fire.
//!
//! Kprobes may be disarmed as a whole (/sys/kernel/debug/kprobes/enabled), or ftrace, through which
//! they are reached, be switched off (kernel.ftrace_enabled). A socket of our own tells: its connect
//! is called with an address that is refused at once, and every hook notes that it was reached.

use kernel::{
    new_mutex,
    sync::Mutex, //
};

use crate::{
    abstractions::{
        compat::prelude::*,
        kernel_socket::KernelSocket,
        marked::Marked, //
    },
    core::word::Word,
    tcp::socket::Socket,
};

/// The hooks, one bit each.
#[derive(Clone, Copy)]
#[repr(u64)]
pub(crate) enum Fired {
    /// The call counter.
    Called = 1,
    /// Entry.
    Entered = 2,
    /// Return.
    Returned = 4,
}

/// The socket that is tried, and what its last trial reached.
#[pin_data]
pub(crate) struct Trial {
    #[pin]
    one_at_a_time: Mutex<()>,
    socket: KernelSocket,
    address: usize,
    // Written by the task that tries, in its own calls only.
    fired: Marked,
}

impl Trial {
    pub(crate) fn new(socket: KernelSocket) -> impl PinInit<Self> {
        pin_init!(Self {
            one_at_a_time <- new_mutex!((), "tsoffset::trial"),
            address: socket.address(),
            socket,
            fired: Marked::new(0),
        })
    }

    /// Notes that a hook was reached, if the socket is the one on trial; says whether it is. Such a
    /// call is not a connect and is counted nowhere.
    #[inline]
    pub(crate) fn note(&self, socket: Socket<'_>, hook: Fired) -> bool {
        if socket.address() != self.address {
            return false;
        }
        self.fired.store(self.fired.load() | hook as u64);
        true
    }

    /// Whether every call of connect is counted now. May sleep.
    pub(crate) fn counts(&self) -> bool {
        self.run() & Fired::Called as u64 != 0
    }

    /// Whether a call is followed to its return. May sleep.
    ///
    /// Under load a single try may find every instance of the probe taken, so it is repeated.
    pub(crate) fn follows(&self) -> bool {
        const ALL: u64 = Fired::Called as u64 | Fired::Entered as u64 | Fired::Returned as u64;

        (0..16).any(|_| self.run() == ALL)
    }

    /// Tries once; the hooks reached.
    fn run(&self) -> u64 {
        let _guard = self.one_at_a_time.lock();

        self.fired.store(0);
        // It always fails, and with EINVAL; what it reached is what is asked for.
        let _ = self.socket.connect_refused();
        self.fired.load()
    }
}
