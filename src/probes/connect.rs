// SPDX-License-Identifier: GPL-2.0

//! The handlers of a connect: entry, call and return.

use kernel::sync::Arc;

use super::{
    connect_family::ConnectFamily,
    sample::ConnectSample,
    trace::trace, //
};
use crate::{
    abstractions::{
        clock,
        compat::interrupt::local_interrupt_disable,
        hook::Handler,
        preempt::PreemptDisabled,
        task::responsible_for_call, //
    },
    model::{
        last::Finding,
        shares::Charge,
        verdict::{Observation, Verdict},
        witness::overlap,
    },
    state::{
        self_test::Fired,
        CpuState,
        State,
        Table, //
    },
    tcp::{
        connect::ConnectArgs,
        namespace::{
            ip_dynaddr,
            tcp_timestamps, //
        },
        secure_seq::timestamp_offset,
        socket::Socket,
        trace_connect,
        tuple::Tuple, //
    },
};

/// Follows a call to its return and judges the offset: a call of the function that connects `F`.
pub(crate) struct ConnectProbe<F: ConnectFamily>(pub(crate) Arc<State>, pub(crate) F);

/// The state of a call from entry to return.
#[derive(Clone, Copy)]
pub(crate) struct ConnectEntry {
    timestamps: u8,
    /// Ended writes of the sysctls: in the namespace, and in unknown namespaces.
    writes: [u64; 2],
    /// The connect's slot in the witness's table, with the witness on.
    slot: Option<overlap::Connect>,
    /// `CLOCK_BOOTTIME` in nanoseconds.
    start: u64,
    /// The charge to the call's user; `NOTHING` for a self-test's call.
    charge: Charge,
}

impl<F: ConnectFamily> ConnectProbe<F> {
    /// Returns the verdict for another offset than expected: a mismatch, with three exceptions. A write of a sysctl
    /// overlapped the call, the source address may have changed after the store, or the hash is replaced.
    #[cold]
    #[inline(never)]
    fn explain(
        &self,
        preempt: PreemptDisabled<'_>,
        socket: Socket<'_>,
        tuple: &Tuple,
        expected: u32,
        [own, anywhere]: [u64; 2],
    ) -> Verdict {
        let net = socket.net();
        // The namespace is being removed, and its counts are gone.
        let Some(netns) = self.0.netns(preempt, net) else {
            return Verdict::Changed;
        };
        let again = timestamp_offset(net, tuple);
        // Load the value first: if a write restored it before, the count shows that write.
        if (tuple.is_v4_mapped() && ip_dynaddr(net) != 0)
            || netns.writes.any_since(own)
            || self.0.writes_anywhere.any_since(anywhere)
        {
            Verdict::Changed
        } else if again == expected {
            Verdict::Mismatch
        } else if again == 0 || expected == 0 {
            // tcp_timestamps was 1 for only one of the two computations.
            Verdict::Changed
        } else {
            self.0.hash.mark_replaced();
            Verdict::Unjudged
        }
    }

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
    /// Records a connect if records are kept. Returns whether it was recorded.
    #[inline(always)]
    fn record(
        &self,
        preempt: PreemptDisabled<'_>,
        cpu: &CpuState,
        call: ConnectSample<'_>,
    ) -> bool {
        let Some(ring) = self.0.rings.connects(cpu.number) else {
            return false;
        };
        // The record is built in registers and written to the ring; no copy stays in memory.
        self.0.push(preempt, ring, &call.record(preempt));
        true
    }

    /// Records a connect with a filter, or with the tracepoint on. Returns whether it was recorded. Not inlined, so
    /// the common path stays short.
    #[inline(never)]
    fn record_chosen(
        &self,
        preempt: PreemptDisabled<'_>,
        cpu: &CpuState,
        call: ConnectSample<'_>,
    ) -> bool {
        let record = call.record(preempt);
        let ring = self.0.ring_for(preempt, cpu, &record);
        if trace_connect::is_on() {
            trace(
                self.0.rings.connects(cpu.number),
                &record,
                self.0.clock_steps.realtime(record.time),
                ring.is_some(),
            );
        }
        if let Some(ring) = ring {
            self.0.push(preempt, ring, &record);
        }
        ring.is_some()
    }
}

impl<F: ConnectFamily> ConnectProbe<F> {
    /// Counts and records a call that failed. Not inlined, so the common path stays short.
    #[cold]
    #[inline(never)]
    fn record_failure(&self, call: ConnectSample<'_>) {
        // Softirqs write the same counters and the same ring.
        let interrupts = local_interrupt_disable();
        let preempt = (&interrupts).into();
        let (reason, failed) = call.failure(preempt);
        self.0.fail(preempt, call.socket.net(), reason, &failed);
    }
}

// The witness's part. Not inlined, so the common path stays short.
impl<F: ConnectFamily> ConnectProbe<F> {
    /// Takes a slot in the witness's table.
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

    /// Frees the slot; `offset` is the socket's offset now. Returns the number of reads that looked.
    #[inline(never)]
    fn overlap_end(
        &self,
        preempt: PreemptDisabled<'_>,
        overlaps: &Table,
        socket: Socket<'_>,
        slot: overlap::Connect,
        offset: u32,
    ) -> u16 {
        let findings = overlaps.connect_ends(socket.address(), slot, offset);
        if findings.torn != 0 {
            self.0
                .counts(preempt, socket.net())
                .readers()
                .found_torn(findings.torn);
        }
        findings.looks as u16
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
        if !self.is_self_test(socket, F::HOOKS[1]) {
            let connects = F::counters(self.0.counts_of(preempt, netns));
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
        // Count first: `tcp_timestamps` is at least as new as the ended writes.
        let writes = [
            netns.map_or(0, |netns| netns.writes.ended()),
            self.0.writes_anywhere.ended(),
        ];
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
        let error = value as i32;
        let net = socket.net();
        let tuple = F::tuple(call, error != 0);
        let offset = socket.tsoffset();
        let overlaps = match (&self.0.overlaps, entry.slot) {
            (Some(overlaps), Some(slot)) => {
                self.overlap_end(preempt, overlaps, socket, slot, offset)
            }
            _ => 0,
        };
        let expected = timestamp_offset(net, &tuple);
        let repair = socket.in_repair();
        let observation = Observation {
            error,
            repair,
            offset,
            expected,
            timestamps_at_entry: entry.timestamps,
            timestamps_at_return: tcp_timestamps(net),
            // Explain only an offset that needs it.
            other: if offset == expected || error != 0 || repair {
                Verdict::Mismatch
            } else {
                self.explain(preempt, socket, &tuple, expected, entry.writes)
            },
        };
        let verdict = observation.judge();
        let cpu = self.0.this_cpu(preempt);
        let time = clock::boot_ns();
        // The clock of another CPU can be behind.
        let duration = time.saturating_sub(entry.start);
        let call = || ConnectSample {
            socket,
            tuple: &tuple,
            time,
            duration,
            observation,
            verdict,
            overlaps,
            ipv4: F::IPV4,
        };
        let recorded = if self.0.filter.get(preempt).is_some() || trace_connect::is_on() {
            self.record_chosen(preempt, cpu, call())
        } else {
            self.record(preempt, cpu, call())
        };

        F::counters(self.0.counts(preempt, net)).finish(
            verdict,
            tuple.is_v4_mapped(),
            recorded,
            duration,
        );
        if error == 0 {
            cpu.last.publish(Finding {
                offset,
                expected,
                verdict,
            });
        } else if self.0.socket_events.is_some() {
            self.record_failure(call());
        }
    }
}
