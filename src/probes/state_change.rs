// SPDX-License-Identifier: GPL-2.0

//! What comes after a connect: how the handshake ends, and with which offset the socket is closed.
//!
//! Off unless asked for: a handler on every change of a TCP socket's state.

use kernel::sync::Arc;

use crate::{
    abstractions::{
        clock,
        compat::interrupt::local_interrupt_disable,
        preempt::PreemptDisabled,
        tracepoint, //
    },
    model::sockets::{
        outcomes::AtClose,
        socket_event::{Ends, Outcome, SocketEvent, What},
    },
    state::{
        socket_events::SocketEvents,
        State, //
    },
    tcp::{
        namespace::ip_dynaddr,
        secure_seq::timestamp_offset,
        set_state::{
            Change,
            InetSockSetState,
            Step, //
        },
        socket::Socket, //
    },
};

/// Follows the states of sockets.
pub(crate) struct StateProbe(pub(crate) Arc<State>);

impl tracepoint::Handler for StateProbe {
    type Tracepoint = InetSockSetState;

    fn fired(&self, change: Change<'_>) {
        let (Some(step), Some(socket), Some(socket_events)) =
            (change.step(), change.tcp6(), &self.0.socket_events)
        else {
            return;
        };
        // A change in a task may be interrupted by another socket's in a softirq: with interrupts off, what
        // this CPU writes has one writer.
        let interrupts = local_interrupt_disable();
        let preempt = (&interrupts).into();
        match step {
            // What it had from connect is judged at close. A later connect over IPv4 is none of ours, but leaves the offset of
            // before in repair mode.
            Step::Begins if change.became_ipv4() => {
                if socket.in_repair() {
                    self.keeps_its_offset(preempt, socket);
                }
            }
            Step::Ends { .. } if change.became_ipv4() => (),
            // Nothing is sent in repair mode.
            Step::Begins if socket.in_repair() => (),
            Step::Begins => self.begins(preempt, socket_events, socket),
            Step::Ends {
                outcome,
                may_be_passive,
                goes_on,
            } => {
                // Who began has a cookie; one that was accepted mostly has none, and gets none for this.
                let start = socket
                    .made_cookie()
                    .and_then(|cookie| socket_events.handshakes.end(cookie));
                // Without a slot, the socket was accepted or restored, where it may have been. With one it is given back, whatever
                // the socket is by now: a user may switch repair mode on in the middle of a handshake.
                if start.is_some() || !(may_be_passive || socket.in_repair()) {
                    self.ends(preempt, socket, outcome, change.error(), start);
                } else if goes_on && !socket.has_owner() {
                    self.accepts(preempt, socket_events, socket);
                }
            }
            Step::Closes => self.closes(preempt, socket_events, socket),
        }
    }
}

impl StateProbe {
    fn begins(
        &self,
        preempt: PreemptDisabled<'_>,
        socket_events: &SocketEvents,
        socket: Socket<'_>,
    ) {
        let has_slot = socket_events
            .handshakes
            .start(socket.cookie(), clock::boot_ns());
        self.0
            .counts(preempt, socket.net())
            .outcomes
            .start(has_slot);
    }

    fn ends(
        &self,
        preempt: PreemptDisabled<'_>,
        socket: Socket<'_>,
        outcome: Outcome,
        error: u16,
        start: Option<u64>,
    ) {
        let time = clock::boot_ns();
        self.0
            .counts(preempt, socket.net())
            .outcomes
            .end(outcome, start.is_some());
        // The clock may step back between two CPUs.
        let handshake = start.map(|start| time.saturating_sub(start));
        self.record(
            preempt,
            socket,
            time,
            What::Ended {
                outcome,
                error,
                handshake,
            },
        );
    }

    /// Notes a socket whose offset is not that of its next connection.
    #[cold]
    #[inline(never)]
    fn keeps_its_offset(&self, preempt: PreemptDisabled<'_>, socket: Socket<'_>) {
        if let Some(network) = self.0.network(preempt, socket.net()) {
            network.mark_accepted(preempt, socket.cookie());
        }
    }

    /// Compares the offset of a socket that a listener made, before anybody has it.
    fn accepts(
        &self,
        preempt: PreemptDisabled<'_>,
        socket_events: &SocketEvents,
        socket: Socket<'_>,
    ) {
        let offset = socket.tsoffset();
        let expected = timestamp_offset(socket.net(), &socket.tuple());
        // 0 without timestamps, and where tcp_timestamps is not 1, or was not when the connection came in.
        if offset != expected && offset != 0 && expected != 0 {
            self.accepts_other(preempt, socket_events, socket, offset, expected);
        }
    }

    /// Remembers another offset: whoever made the request socket chose it.
    #[cold]
    #[inline(never)]
    fn accepts_other(
        &self,
        preempt: PreemptDisabled<'_>,
        socket_events: &SocketEvents,
        socket: Socket<'_>,
        offset: u32,
        expected: u32,
    ) {
        // In a namespace on its way out nothing is judged.
        let Some(network) = self.0.network(preempt, socket.net()) else {
            return;
        };
        if self.is_replaced(socket, expected) {
            return;
        }
        network.counts().this_cpu(preempt).outcomes.accept_other();
        let cookie = socket.cookie();
        if !socket_events.choose(cookie, offset) {
            network.mark_accepted(preempt, cookie);
        }
    }

    /// Whether the offset is still the one that connect, or whoever made the request socket, chose. The kernel hashes the same tuple for
    /// both.
    fn closes(
        &self,
        preempt: PreemptDisabled<'_>,
        socket_events: &SocketEvents,
        socket: Socket<'_>,
    ) {
        let offset = socket.tsoffset();
        let hash = timestamp_offset(socket.net(), &socket.tuple());
        // Its slot is given back, whatever the verdict.
        let chosen = socket_events.chosen(socket);
        if offset == hash {
            self.0
                .counts(preempt, socket.net())
                .outcomes
                .close(AtClose::Kept);
        } else {
            self.closes_with_other(preempt, socket, offset, hash, chosen);
        }
    }

    /// The same of another offset than the hash yields.
    #[cold]
    #[inline(never)]
    fn closes_with_other(
        &self,
        preempt: PreemptDisabled<'_>,
        socket: Socket<'_>,
        offset: u32,
        hash: u32,
        chosen: Option<u32>,
    ) {
        let open = chosen == Some(offset) || self.is_open(preempt, socket, hash);
        let found = AtClose::judge(offset, hash, open);
        self.0.counts(preempt, socket.net()).outcomes.close(found);
        if found == AtClose::Rewritten {
            let expected = chosen.unwrap_or(hash);
            self.record(
                preempt,
                socket,
                clock::boot_ns(),
                What::Rewritten { offset, expected },
            );
        }
    }

    /// Whether another offset is no finding: a user may have set it, it may have been chosen for an accepted socket that found no slot, the
    /// source address may have changed since it was stored, or the hash is not the kernel's.
    fn is_open(&self, preempt: PreemptDisabled<'_>, socket: Socket<'_>, expected: u32) -> bool {
        let net = socket.net();
        let Some(network) = self.0.network(preempt, net) else {
            return true;
        };
        // Who is among the repaired has a cookie.
        let is_noted = || {
            let (Some(repaired), Some(cookie)) = (&network.repaired, socket.made_cookie()) else {
                return false;
            };
            repaired.contains(cookie)
        };
        let may_have_moved = || {
            socket.tuple().is_v4_mapped()
                && (ip_dynaddr(net) != 0 || network.writes.any_of_dynaddr())
        };
        if socket.in_repair() || is_noted() || may_have_moved() {
            return true;
        }
        self.is_replaced(socket, expected)
    }

    /// Whether the hash disagrees with what it has just yielded.
    #[cold]
    #[inline(never)]
    fn is_replaced(&self, socket: Socket<'_>, expected: u32) -> bool {
        // 0 where tcp_timestamps is not 1: a write in between is no other hash.
        let again = timestamp_offset(socket.net(), &socket.tuple());
        let replaced = again != expected && again != 0 && expected != 0;
        if replaced {
            self.0.hash.is_replaced();
        }
        replaced
    }

    fn record(&self, preempt: PreemptDisabled<'_>, socket: Socket<'_>, time: u64, what: What) {
        let Some(ring) = self.0.rings.socket_events(self.0.this_cpu(preempt).number) else {
            self.0.counts(preempt, socket.net()).outcomes.record(false);
            return;
        };
        let (source, destination, source_port, destination_port) = socket.tuple().ends();
        let socket_event = SocketEvent {
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
        let recorded = self.0.push_socket_event(preempt, ring, &socket_event);
        self.0
            .counts(preempt, socket.net())
            .outcomes
            .record(recorded);
    }
}
