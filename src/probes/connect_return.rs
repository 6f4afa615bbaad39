// SPDX-License-Identifier: GPL-2.0

//! A connect at its return: judged, recorded and counted.

use super::{
    connect::{
        ConnectEntry,
        ConnectProbe, //
    },
    connect_family::ConnectFamily,
    sample::ConnectSample,
    trace::trace, //
};
use crate::{
    abstractions::{
        clock,
        compat::interrupt::local_interrupt_disable,
        preempt::PreemptDisabled, //
    },
    model::{
        last::Finding,
        verdict::{Observation, Verdict},
        witness::overlap,
    },
    state::{
        CpuState,
        Table, //
    },
    tcp::{
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

/// A call that returns.
#[derive(Clone, Copy)]
struct Returned<'a> {
    socket: Socket<'a>,
    tuple: &'a Tuple,
    entry: &'a ConnectEntry,
    observation: Observation,
    /// Reads of the timestamp that the witness saw during the call.
    overlaps: u16,
}

impl<F: ConnectFamily> ConnectProbe<F> {
    /// Judges, records and counts a call without an error.
    #[inline(always)]
    pub(super) fn succeeded(
        &self,
        preempt: PreemptDisabled<'_>,
        socket: Socket<'_>,
        entry: &ConnectEntry,
    ) {
        let tuple = F::tuple(socket);
        let returned = self.observe(preempt, socket, &tuple, entry, 0);
        if !returned.observation.is_match() {
            return self.settle(preempt, returned);
        }
        let observation = Observation::of_match(returned.observation.offset);
        let returned = Returned {
            observation,
            ..returned
        };
        self.finish(preempt, returned, Verdict::Match);
    }

    /// Judges, records and counts a call that failed. Not inlined: the common path has no error to keep.
    #[cold]
    #[inline(never)]
    pub(super) fn failed(
        &self,
        preempt: PreemptDisabled<'_>,
        socket: Socket<'_>,
        tuple: &Tuple,
        entry: &ConnectEntry,
        error: i32,
    ) {
        self.settle(preempt, self.observe(preempt, socket, tuple, entry, error));
    }

    #[inline(always)]
    fn observe<'a>(
        &self,
        preempt: PreemptDisabled<'_>,
        socket: Socket<'a>,
        tuple: &'a Tuple,
        entry: &'a ConnectEntry,
        error: i32,
    ) -> Returned<'a> {
        let net = socket.net();
        let offset = socket.tsoffset();
        let overlaps = match (&self.0.overlaps, entry.slot) {
            (Some(overlaps), Some(slot)) => {
                self.overlap_end(preempt, overlaps, socket, slot, offset)
            }
            _ => 0,
        };
        let observation = Observation {
            error,
            repair: socket.in_repair(),
            offset,
            expected: timestamp_offset(net, tuple),
            timestamps_at_entry: entry.timestamps,
            // Load it after the computation.
            timestamps_at_return: tcp_timestamps(net),
        };
        Returned {
            socket,
            tuple,
            entry,
            observation,
            overlaps,
        }
    }

    /// Judges, records and counts a call that is no match. Not inlined: the common path has no verdict to keep.
    #[cold]
    #[inline(never)]
    fn settle(&self, preempt: PreemptDisabled<'_>, call: Returned<'_>) {
        let verdict = call.observation.judge(|| self.explain(preempt, &call));
        self.finish(preempt, call, verdict);
    }

    /// Records and counts a call.
    #[inline(always)]
    fn finish(&self, preempt: PreemptDisabled<'_>, call: Returned<'_>, verdict: Verdict) {
        let observation = call.observation;
        let state = &*self.0;
        let cpu = state.this_cpu(preempt);
        let time = clock::boot_ns();
        // The clock of another CPU can be behind.
        let duration = time.saturating_sub(call.entry.start);
        let sample = || ConnectSample {
            socket: call.socket,
            tuple: call.tuple,
            time,
            duration,
            observation,
            verdict,
            overlaps: call.overlaps,
            ipv4: F::IPV4,
        };
        let recorded = if state.filter.get(preempt).is_some() || trace_connect::is_on() {
            self.record_chosen(preempt, cpu, sample())
        } else {
            self.record(preempt, cpu, sample())
        };

        F::counters(state.counts(preempt, call.socket.net())).finish(
            verdict,
            call.tuple.is_v4_mapped(),
            recorded,
            duration,
        );
        if observation.error == 0 {
            cpu.last.publish(Finding {
                offset: observation.offset,
                expected: observation.expected,
                verdict,
            });
        } else if state.socket_events.is_some() {
            self.record_failure(sample());
        }
    }

    /// Returns the verdict for another offset than expected: a mismatch, with three exceptions. A write of a sysctl
    /// overlapped the call, the source address may have changed after the store, or the hash is replaced.
    #[cold]
    #[inline(never)]
    fn explain(&self, preempt: PreemptDisabled<'_>, call: &Returned<'_>) -> Verdict {
        let net = call.socket.net();
        let expected = call.observation.expected;
        let [own, anywhere] = call.entry.writes;
        // The namespace is being removed, and its counts are gone.
        let Some(netns) = self.0.netns(preempt, net) else {
            return Verdict::Changed;
        };
        let again = timestamp_offset(net, call.tuple);
        // Load the value first: if a write restored it before, the count shows that write.
        if (call.tuple.is_v4_mapped() && ip_dynaddr(net) != 0)
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

    /// Frees the slot; `offset` is the socket's offset now. Returns the number of reads that looked. Not
    /// inlined, so the common path stays short.
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

impl<F: ConnectFamily> ConnectProbe<F> {
    /// Records a connect if records are kept. Returns whether it was recorded.
    #[inline(always)]
    fn record(
        &self,
        preempt: PreemptDisabled<'_>,
        cpu: &CpuState,
        sample: ConnectSample<'_>,
    ) -> bool {
        let state = &*self.0;
        let Some(ring) = state.rings.connects(cpu.number) else {
            return false;
        };
        let write = ring.begin();
        sample.write(preempt, write.words);
        write.end();
        state.waiters.notify(preempt);
        true
    }

    /// Records a connect with a filter, or with the tracepoint on. Returns whether it was recorded. Not inlined, so
    /// the common path stays short.
    #[inline(never)]
    fn record_chosen(
        &self,
        preempt: PreemptDisabled<'_>,
        cpu: &CpuState,
        sample: ConnectSample<'_>,
    ) -> bool {
        let (words, record) = sample.record(preempt);
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
            ring.push(&words);
            self.0.waiters.notify(preempt);
        }
        ring.is_some()
    }

    /// Counts and records a call that failed. Not inlined, so the common path stays short.
    #[cold]
    #[inline(never)]
    fn record_failure(&self, sample: ConnectSample<'_>) {
        // Softirqs write the same counters and the same ring.
        let interrupts = local_interrupt_disable();
        let preempt = (&interrupts).into();
        let (reason, failed) = sample.failure(preempt);
        self.0.fail(preempt, sample.socket.net(), reason, &failed);
    }
}
