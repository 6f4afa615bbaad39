// SPDX-License-Identifier: GPL-2.0

//! Trying the probes: one that is registered does not always fire.
//!
//! Kprobes may be disarmed as a whole (/sys/kernel/debug/kprobes/enabled), or ftrace, through which
//! they are reached, be switched off (kernel.ftrace_enabled). A socket of our own tells: its connect
//! is called with an address that is refused at once, its getsockopt with a place that is refused, and every
//! hook notes that it was reached.

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
    core::word::Word, //
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
    /// The witness's call counter.
    ReadCalled = 8,
    /// Its entry.
    ReadEntered = 16,
    /// Its return.
    ReadReturned = 32,
}

/// Those that count calls.
const COUNTERS: u64 = Fired::Called as u64 | Fired::ReadCalled as u64;

/// The socket that is tried, and what its last trial reached.
#[pin_data]
pub(crate) struct Trial {
    #[pin]
    one_at_a_time: Mutex<()>,
    socket: KernelSocket,
    address: usize,
    // The hooks that are registered.
    registered: u64,
    // Written by the task that tries, in its own calls only.
    fired: Marked,
}

impl Trial {
    /// With the hooks of the witness, or without.
    pub(crate) fn new(socket: KernelSocket, witness: bool) -> impl PinInit<Self> {
        let mut registered = Fired::Called as u64 | Fired::Entered as u64 | Fired::Returned as u64;
        if witness {
            registered |=
                Fired::ReadCalled as u64 | Fired::ReadEntered as u64 | Fired::ReadReturned as u64;
        }
        pin_init!(Self {
            one_at_a_time <- new_mutex!((), "tsoffset::trial"),
            address: socket.address(),
            registered,
            socket,
            fired: Marked::new(0),
        })
    }

    /// Notes that a hook was reached, if the socket of this address is the one on trial; says whether it is. Such a
    /// call is not a connect and is counted nowhere.
    #[inline]
    pub(crate) fn note(&self, socket: usize, hook: Fired) -> bool {
        if socket != self.address {
            return false;
        }
        self.fired.store(self.fired.load() | hook as u64);
        true
    }

    /// Whether every call is counted now. May sleep.
    pub(crate) fn counts(&self) -> bool {
        self.run() & COUNTERS == self.registered & COUNTERS
    }

    /// Whether a call is followed to its return. May sleep.
    ///
    /// Under load a single try may find every instance of the probe taken, so it is repeated.
    pub(crate) fn follows(&self) -> bool {
        (0..16).any(|_| self.run() == self.registered)
    }

    /// Tries once; the hooks reached.
    fn run(&self) -> u64 {
        let _guard = self.one_at_a_time.lock();

        self.fired.store(0);
        // They always fail; what they reached is what is asked for.
        let _ = self.socket.connect_refused();
        if self.registered & Fired::ReadCalled as u64 != 0 {
            let _ = self.socket.timestamp_refused();
        }
        self.fired.load()
    }
}
