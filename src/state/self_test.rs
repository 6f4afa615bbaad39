// SPDX-License-Identifier: GPL-2.0

//! The self-test of the probes: a registered probe does not always fire.
//!
//! Kprobes can be disarmed as a whole (/sys/kernel/debug/kprobes/enabled). They run through ftrace, which can be off
//! (kernel.ftrace_enabled). The self-test calls functions with arguments that they reject at once. It calls connect
//! of the module's own socket with a short address, getsockopt with a bad pointer, setsockopt with a value of no
//! bytes. It calls the sysctl handler with its own table. Every hook notes that it was reached.

use kernel::{
    new_mutex,
    sync::Mutex, //
};

use crate::{
    abstractions::{
        compat::{
            atomic::{
                Atomic,
                Relaxed, //
            },
            prelude::*, //
        },
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
    /// The counter of connects.
    ConnectHit = 1,
    /// The entry of a connect.
    ConnectEntry = 2,
    /// The return of a connect.
    ConnectReturn = 4,
    /// The counter of the witness's reads.
    GetsockoptHit = 8,
    /// The entry of a read.
    GetsockoptEntry = 16,
    /// The return of a read.
    GetsockoptReturn = 32,
    /// The counter of calls that set an offset.
    SetsockoptHit = 64,
    /// The entry of a call that sets an offset.
    SetsockoptEntry = 128,
    /// The return of a call that sets an offset.
    SetsockoptReturn = 256,
    /// The entry of a write of a sysctl.
    SysctlEntry = 512,
    /// The return of a write of a sysctl.
    SysctlReturn = 1024,
    /// The counter of writes of sysctls.
    SysctlHit = 2048,
    /// The counter of IPv4 connects.
    ConnectV4Hit = 4096,
    /// The entry of an IPv4 connect.
    ConnectV4Entry = 8192,
    /// The return of an IPv4 connect.
    ConnectV4Return = 16384,
}

/// The hooks that count calls.
const COUNTERS: u64 = Fired::ConnectHit as u64
    | Fired::ConnectV4Hit as u64
    | Fired::GetsockoptHit as u64
    | Fired::SetsockoptHit as u64
    | Fired::SysctlHit as u64;

/// The self-test's socket, and the hooks that its last calls reached.
#[pin_data]
pub(crate) struct SelfTest {
    #[pin]
    one_at_a_time: Mutex<()>,
    socket: KernelSocket,
    address: usize,
    // With ipv4: its socket.
    socket_v4: Option<KernelSocket>,
    address_v4: usize,
    // The registered hooks.
    registered: u64,
    // Written by the task of the self-test, in its own calls only.
    fired: Marked,
    // Not 0: in the last self-test, all calls were counted.
    counted: Atomic<u64>,
}

impl SelfTest {
    /// Returns a self-test. `socket_v4`, `witness` and `outcomes` tell which further hooks are registered.
    pub(crate) fn new(
        socket: KernelSocket,
        socket_v4: Option<KernelSocket>,
        witness: bool,
        outcomes: bool,
    ) -> impl PinInit<Self> {
        let mut registered = Fired::ConnectHit as u64
            | Fired::ConnectEntry as u64
            | Fired::ConnectReturn as u64
            | Fired::SysctlHit as u64
            | Fired::SysctlEntry as u64
            | Fired::SysctlReturn as u64;
        if socket_v4.is_some() {
            registered |= Fired::ConnectV4Hit as u64
                | Fired::ConnectV4Entry as u64
                | Fired::ConnectV4Return as u64;
        }
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
            address_v4: socket_v4.as_ref().map_or(0, KernelSocket::address),
            socket_v4,
            socket,
            fired: Marked::new(0),
            counted: Atomic::new(0),
        })
    }

    /// Returns the address of the self-test's socket.
    #[inline(always)]
    pub(crate) fn address(&self) -> usize {
        self.address
    }

    /// Returns the address of the self-test's socket of IPv4; 0 without one.
    #[inline(always)]
    pub(crate) fn address_v4(&self) -> usize {
        self.address_v4
    }

    /// Notes that a hook was reached if `socket` is the address of the self-test's socket. Returns whether it is. No
    /// counter counts a self-test's call.
    #[inline]
    pub(crate) fn reached(&self, socket: usize, hook: Fired) -> bool {
        if socket != self.address {
            return false;
        }
        self.reached_own(hook);
        true
    }

    /// Notes that a call of the self-test reached a hook.
    #[inline]
    pub(crate) fn reached_own(&self, hook: Fired) {
        self.fired.store(self.fired.load() | hook as u64);
    }

    /// Runs the self-test. Returns whether every call is counted now. Other tracers of connects see the failed call.
    /// May sleep.
    pub(crate) fn counts(&self) -> bool {
        let counts = self.run() & COUNTERS == self.registered & COUNTERS;
        self.counted.store(counts.into(), Relaxed);
        counts
    }

    /// Returns the result of the last self-test.
    pub(crate) fn counted(&self) -> bool {
        self.counted.load(Relaxed) != 0
    }

    /// Returns whether a call is followed to its return. May sleep.
    ///
    /// Repeats the self-test: under load, all probe instances can be in use.
    pub(crate) fn follows(&self) -> bool {
        let follows = (0..16).any(|_| self.run() == self.registered);
        self.counted.store(follows.into(), Relaxed);
        follows
    }

    /// Runs the self-test once. Returns the hooks that were reached.
    fn run(&self) -> u64 {
        let _guard = self.one_at_a_time.lock();

        self.fired.store(0);
        // These calls always fail; only the reached hooks matter.
        let _ = self.socket.connect_refused();
        if let Some(socket) = &self.socket_v4 {
            let _ = socket.connect_refused();
        }
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
