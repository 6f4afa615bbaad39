// SPDX-License-Identifier: GPL-2.0

//! Trying the probes: one that is registered does not always fire.
//!
//! Kprobes may be disarmed as a whole (/sys/kernel/debug/kprobes/enabled), or ftrace, through which
//! they are reached, be switched off (kernel.ftrace_enabled). A socket of our own tells: its connect
//! is called with an address that is refused at once, its getsockopt with a place that is refused, its setsockopt with a value of
//! no bytes, the handler of sysctls with a table of our own, and every hook notes that it was reached.

use kernel::{
    new_mutex,
    sync::Mutex, //
};

use crate::{
    abstractions::{
        compat::prelude::*,
        marked::Marked, //
    },
    tcp::{
        kernel_socket::KernelSocket,
        sysctl::write_nothing, //
    },
};

/// The hooks, one bit each.
#[derive(Clone, Copy)]
#[repr(u64)]
pub(crate) enum Fired {
    /// The call counter.
    ConnectHit = 1,
    /// Entry.
    ConnectEntry = 2,
    /// Return.
    ConnectReturn = 4,
    /// The witness's call counter.
    GetsockoptHit = 8,
    /// Its entry.
    GetsockoptEntry = 16,
    /// Its return.
    GetsockoptReturn = 32,
    /// The call counter of calls that set an offset.
    SetsockoptHit = 64,
    /// Their entry.
    SetsockoptEntry = 128,
    /// Their return.
    SetsockoptReturn = 256,
    /// The entry of a write of a sysctl.
    SysctlEntry = 512,
    /// Its return.
    SysctlReturn = 1024,
    /// The call counter of writes of sysctls.
    SysctlHit = 2048,
}

/// Those that count calls.
const COUNTERS: u64 = Fired::ConnectHit as u64
    | Fired::GetsockoptHit as u64
    | Fired::SetsockoptHit as u64
    | Fired::SysctlHit as u64;

/// The socket that is called, and the hooks that its last call reached.
#[pin_data]
pub(crate) struct SelfTest {
    #[pin]
    one_at_a_time: Mutex<()>,
    socket: KernelSocket,
    address: usize,
    // The hooks that are registered.
    registered: u64,
    // Written by the task that tries, in its own calls only.
    fired: Marked,
    // Not 0 where the last self-test found that calls are counted.
    counted: Marked,
}

impl SelfTest {
    /// With the hooks of the witness and of outcomes, or without.
    pub(crate) fn new(socket: KernelSocket, witness: bool, outcomes: bool) -> impl PinInit<Self> {
        let mut registered = Fired::ConnectHit as u64
            | Fired::ConnectEntry as u64
            | Fired::ConnectReturn as u64
            | Fired::SysctlHit as u64
            | Fired::SysctlEntry as u64
            | Fired::SysctlReturn as u64;
        if outcomes {
            registered |= Fired::SetsockoptHit as u64
                | Fired::SetsockoptEntry as u64
                | Fired::SetsockoptReturn as u64;
        }
        if witness {
            registered |= Fired::GetsockoptHit as u64
                | Fired::GetsockoptEntry as u64
                | Fired::GetsockoptReturn as u64;
        }
        pin_init!(Self {
            one_at_a_time <- new_mutex!((), "tsoffset::self_test"),
            address: socket.address(),
            registered,
            socket,
            fired: Marked::new(0),
            counted: Marked::new(0),
        })
    }

    /// Remembers that a hook was reached, if the socket of this address is the self-test's; says whether it is. Such a
    /// call is not a connect and is counted nowhere.
    #[inline]
    pub(crate) fn reached(&self, socket: usize, hook: Fired) -> bool {
        if socket != self.address {
            return false;
        }
        self.reached_own(hook);
        true
    }

    /// Remembers that a hook was reached by a call that is known to be the self-test's.
    #[inline]
    pub(crate) fn reached_own(&self, hook: Fired) {
        self.fired.store(self.fired.load() | hook as u64);
    }

    /// Whether every call is counted now. Who follows connects by other means sees this one fail. May sleep.
    pub(crate) fn counts(&self) -> bool {
        let counts = self.run() & COUNTERS == self.registered & COUNTERS;
        self.counted.store(counts.into());
        counts
    }

    /// What [`counts`](Self::counts) found when it was last asked.
    pub(crate) fn counted(&self) -> bool {
        self.counted.load() != 0
    }

    /// Whether a call is followed to its return. May sleep.
    ///
    /// Under load a single try may find every instance of the probe taken, so it is repeated.
    pub(crate) fn follows(&self) -> bool {
        let follows = (0..16).any(|_| self.run() == self.registered);
        self.counted.store(follows.into());
        follows
    }

    /// Tries once; the hooks reached.
    fn run(&self) -> u64 {
        let _guard = self.one_at_a_time.lock();

        self.fired.store(0);
        // They always fail; what they reached is what is asked for.
        let _ = self.socket.connect_refused();
        if self.registered & Fired::GetsockoptHit as u64 != 0 {
            let _ = self.socket.timestamp_refused();
        }
        if self.registered & Fired::SetsockoptHit as u64 != 0 {
            let _ = self.socket.set_timestamp_refused();
        }
        write_nothing();
        self.fired.load()
    }
}
