// SPDX-License-Identifier: GPL-2.0

//! The handlers of a connect: entry, call and return. `connect_return` has the part after the return.

use kernel::sync::Arc;

use super::connect_family::ConnectFamily;
use crate::{
    abstractions::{
        clock,
        hook::Handler,
        preempt::PreemptDisabled,
        task::responsible_for_call, //
    },
    model::{
        shares::Charge,
        witness::overlap, //
    },
    state::{
        self_test::Fired,
        State,
        Table, //
    },
    tcp::{
        connect::ConnectArgs,
        namespace::tcp_timestamps,
        socket::Socket, //
    },
};

/// Follows a call to its return and judges the offset: a call of the function that connects `F`.
pub(crate) struct ConnectProbe<F: ConnectFamily>(pub(crate) Arc<State>, pub(crate) F);

/// The state of a call from entry to return.
#[derive(Clone, Copy)]
pub(crate) struct ConnectEntry {
    pub(super) timestamps: u8,
    /// Ended writes of the sysctls: in the namespace, and in unknown namespaces.
    pub(super) writes: [u64; 2],
    /// The connect's slot in the witness's table, with the witness on.
    pub(super) slot: Option<overlap::Connect>,
    /// `CLOCK_BOOTTIME` in nanoseconds.
    pub(super) start: u64,
    /// The charge to the call's user; `NOTHING` for a self-test's call.
    charge: Charge,
}

impl<F: ConnectFamily> ConnectProbe<F> {
    /// Returns whether the socket is that of the self-test, and notes that it reached the hook.
    #[inline(always)]
    fn is_self_test(&self, socket: Socket<'_>, hook: Fired) -> bool {
        if socket.address() != F::self_test(&self.0) {
            return false;
        }
        self.0.self_test.reached_own(hook);
        true
    }
}

impl<F: ConnectFamily> ConnectProbe<F> {
    /// Takes a slot in the witness's table. Not inlined, so the common path stays short.
    #[inline(never)]
    fn overlap_begin(
        &self,
        preempt: PreemptDisabled<'_>,
        overlaps: &Table,
        socket: Socket<'_>,
    ) -> Option<overlap::Connect> {
        let slot = overlaps.connect_begins(socket.address(), socket.tsoffset());
        if slot.is_none() {
            self.0.counts(preempt, socket.net()).readers().overflow();
        }
        slot
    }
}

impl<F: ConnectFamily> Handler for ConnectProbe<F> {
    // Always inlined into the handlers of both mechanisms: the entry's data is not copied again.
    type Target = F::Target;
    type Data = ConnectEntry;

    #[inline(always)]
    fn filter(&self, call: ConnectArgs<'_>) -> bool {
        F::follows(call)
    }

    #[inline(always)]
    fn on_entry(
        &self,
        preempt: PreemptDisabled<'_>,
        call: ConnectArgs<'_>,
    ) -> Option<ConnectEntry> {
        let socket = call.socket;
        let mut slot = None;
        let mut charge = Charge::NOTHING;
        let net = socket.net();
        let netns = self.0.netns(preempt, net);
        // Load the ended writes before `tcp_timestamps`, which is at least as new then.
        let (counts, own) = match netns {
            Some(netns) => (netns.counts().this_cpu(preempt), netns.writes.ended()),
            None => (self.0.orphans(preempt), 0),
        };
        if !self.is_self_test(socket, F::HOOKS[1]) {
            let connects = F::counters(counts);
            let cpu = self.0.this_cpu(preempt).number;
            let user = responsible_for_call(net, || socket.user_of_inode(preempt));
            let Some(taken) = F::shares(&self.0).charge(cpu, user) else {
                connects.cap();
                return None;
            };
            charge = taken;
            if let Some(overlaps) = &self.0.overlaps {
                slot = self.overlap_begin(preempt, overlaps, socket);
            }
            connects.enter();
        }
        // These, too, before `tcp_timestamps`.
        let writes = [own, self.0.writes_anywhere.ended()];
        Some(ConnectEntry {
            timestamps: tcp_timestamps(net),
            writes,
            slot,
            start: clock::boot_ns(),
            charge,
        })
    }

    /// Counts every call, so the number of missed calls is exact. A kretprobe runs it after the entry is counted: a
    /// reader in between sees too few missed calls, never too many.
    #[inline(always)]
    fn on_hit(&self, preempt: PreemptDisabled<'_>, call: ConnectArgs<'_>) {
        let socket = call.socket;
        if self.is_self_test(socket, F::HOOKS[0]) {
            return;
        }
        F::counters(self.0.counts(preempt, socket.net())).call();
    }

    #[inline(always)]
    fn on_return(
        &self,
        preempt: PreemptDisabled<'_>,
        call: ConnectArgs<'_>,
        entry: &ConnectEntry,
        value: usize,
    ) {
        let socket = call.socket;
        if self.is_self_test(socket, F::HOOKS[2]) {
            return;
        }
        F::shares(&self.0).uncharge(entry.charge);
        // The function returns an int; the register's upper half is undefined.
        match value as i32 {
            0 => self.succeeded(preempt, socket, entry),
            error => self.failed(preempt, socket, &F::requested(call), entry, error),
        }
    }
}
