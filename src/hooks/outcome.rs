// SPDX-License-Identifier: GPL-2.0

//! What comes after a connect: how the handshake ends, and with which offset the socket is closed.
//!
//! Off unless asked for: a handler on every change of a TCP socket's state.

use kernel::sync::Arc;

use crate::{
    abstractions::{
        clock,
        compat::interrupt::local_interrupt_disable,
        kretprobe,
        preemption::PreemptionDisabled,
        tracepoint, //
    },
    core::{
        follow_up::{
            Ends,
            FollowUp,
            Outcome,
            What, //
        },
        outcomes::AtClose, //
    },
    follow_ups::FollowUps,
    state::State,
    tcp::{
        secure_seq::timestamp_offset,
        set_state::{
            Change,
            InetSockSetState,
            Step, //
        },
        setsockopt::{
            DoTcpSetsockopt,
            Setsockopt, //
        },
        socket::Socket, //
    },
};

/// Follows the states of sockets.
pub(crate) struct States(pub(crate) Arc<State>);

impl tracepoint::Handler for States {
    type Tracepoint = InetSockSetState;

    fn fired(&self, change: Change<'_>) {
        let (Some(socket), Some(step), Some(follow_ups)) =
            (change.tcp6(), change.step(), &self.0.follow_ups)
        else {
            return;
        };
        // A change in a task may be interrupted by another socket's in a softirq: with interrupts off, what
        // this CPU writes has one writer.
        let interrupts = local_interrupt_disable();
        let here = (&interrupts).into();
        match step {
            // Nothing is sent in repair mode.
            Step::Begins | Step::Ends { .. } if socket.in_repair() => (),
            Step::Begins => self.begins(here, follow_ups, socket),
            // For the selftests, which have to find it out.
            Step::Ends { outcome, .. }
                if cfg!(tsoffset_variant = "broken-outcomes")
                    && outcome != Outcome::Established => {}
            Step::Ends {
                outcome,
                may_be_passive,
            } => {
                // Who began has a cookie; one that was accepted mostly has none, and gets none for this.
                let begin = socket
                    .made_cookie()
                    .and_then(|cookie| follow_ups.handshakes.end(cookie));
                // Who has no place and may have been accepted, was.
                if begin.is_some() || !may_be_passive {
                    self.ends(here, follow_ups, socket, outcome, change.error(), begin);
                }
            }
            Step::Closes => self.closes(here, follow_ups, socket),
        }
    }
}

impl States {
    fn begins(&self, here: PreemptionDisabled<'_>, follow_ups: &FollowUps, socket: Socket<'_>) {
        let has_place = follow_ups
            .handshakes
            .begin(socket.cookie(), clock::boot_ns());
        self.0.counts(here, socket.net()).outcomes.begin(has_place);
    }

    fn ends(
        &self,
        here: PreemptionDisabled<'_>,
        follow_ups: &FollowUps,
        socket: Socket<'_>,
        outcome: Outcome,
        error: u16,
        begin: Option<u64>,
    ) {
        let time = clock::boot_ns();
        self.0
            .counts(here, socket.net())
            .outcomes
            .end(outcome, begin.is_some());
        let handshake = begin.map(|begin| time.wrapping_sub(begin));
        self.record(
            here,
            follow_ups,
            socket,
            time,
            What::Ended {
                outcome,
                error,
                handshake,
            },
        );
    }

    /// Whether the offset is still the one that connect, or accept, chose: both hash the same tuple.
    fn closes(&self, here: PreemptionDisabled<'_>, follow_ups: &FollowUps, socket: Socket<'_>) {
        let offset = socket.tsoffset();
        let expected = timestamp_offset(socket.net(), &socket.tuple());
        // Who is among the repaired has a cookie.
        let repaired = offset != expected
            && (socket.in_repair()
                || socket
                    .made_cookie()
                    .is_some_and(|cookie| follow_ups.repaired.contains(cookie)));
        let found = AtClose::judge(offset, expected, repaired);
        self.0.counts(here, socket.net()).outcomes.close(found);
        if found == AtClose::Rewritten {
            self.record(
                here,
                follow_ups,
                socket,
                clock::boot_ns(),
                What::Rewritten { offset, expected },
            );
        }
    }

    fn record(
        &self,
        here: PreemptionDisabled<'_>,
        follow_ups: &FollowUps,
        socket: Socket<'_>,
        time: u64,
        what: What,
    ) {
        let Some(ring) = follow_ups.ring(self.0.this_cpu(here).number) else {
            self.0.counts(here, socket.net()).outcomes.record(false);
            return;
        };
        let (source, destination, source_port, destination_port) = socket.tuple().ends();
        let follow_up = FollowUp {
            time,
            cookie: socket.made_cookie().unwrap_or_else(|| socket.cookie()),
            ends: Ends {
                netns: socket.net().inum(),
                source,
                destination,
                source_port,
                destination_port,
            },
            what,
        };
        let recorded = match self.0.filter.get(here) {
            Some(filter) => filter.matches_ends(&follow_up.ends),
            None => true,
        };
        if recorded {
            ring.push(&follow_up.to_words());
            self.0.waiters.notify(here);
        }
        self.0.counts(here, socket.net()).outcomes.record(recorded);
    }
}

/// Notes the sockets whose offset a user sets.
pub(crate) struct Repairs(pub(crate) Arc<State>);

impl kretprobe::Handler for Repairs {
    type Function = DoTcpSetsockopt;
    type Data = ();

    fn wants(&self, call: Setsockopt<'_>) -> bool {
        call.sets_timestamp()
    }

    fn entered(&self, _here: PreemptionDisabled<'_>, _call: Setsockopt<'_>) {}

    fn returned(&self, _here: PreemptionDisabled<'_>, call: Setsockopt<'_>, (): (), value: usize) {
        // The function returns an int; the register's upper half means nothing.
        if value as i32 == 0 {
            if let Some(follow_ups) = &self.0.follow_ups {
                follow_ups.repaired.insert(call.cookie());
            }
        }
    }
}
