// SPDX-License-Identifier: GPL-2.0

//! Sockets after their connect: the end of the handshake, and the offset at close.
//!
//! Only with `outcomes`: the handler runs at every state change of a TCP socket.

use kernel::sync::Arc;

use crate::{
    abstractions::{
        clock,
        compat::interrupt::local_interrupt_disable,
        preempt::PreemptDisabled,
        tracepoint, //
    },
    model::{
        records::socket_event::{FourTuple, Outcome, SocketEvent, What},
        sockets::outcomes::AtClose,
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

    fn on_hit(&self, change: Change<'_>) {
        let (Some(step), Some(socket), Some(socket_events)) =
            (change.step(), change.tcp6(), &self.0.socket_events)
        else {
            return;
        };
        // A softirq can interrupt a task's state change with that of another socket. With interrupts off, this CPU's
        // memory has one writer.
        let interrupts = local_interrupt_disable();
        let preempt = (&interrupts).into();
        match step {
            // The close judges the offset of the IPv6 connect. A later connect over IPv4 is not followed, but in
            // repair mode it keeps the old offset.
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
                // A socket that began to connect has a cookie. Most accepted sockets have none, and this makes none.
                let start = socket
                    .cookie()
                    .and_then(|cookie| socket_events.handshakes.end(cookie));
                // Without a slot, a socket that may be passive or is in repair mode was accepted or restored. A slot
                // is freed in any case: a user can switch repair mode on during a handshake.
                if start.is_some() || !(may_be_passive || socket.in_repair()) {
                    self.ends(preempt, socket, outcome, change.error(), start);
                } else if goes_on && !socket.is_grafted() {
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
            .start(socket.gen_cookie(), clock::boot_ns());
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
        // The clock of another CPU can be behind.
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

    /// Marks a socket that keeps its old offset in its next connection.
    #[cold]
    #[inline(never)]
    fn keeps_its_offset(&self, preempt: PreemptDisabled<'_>, socket: Socket<'_>) {
        if let Some(network) = self.0.network(preempt, socket.net()) {
            network.mark_accepted(preempt, socket.gen_cookie());
        }
    }

    /// Compares the offset of a socket that a listener created, before its accept.
    fn accepts(
        &self,
        preempt: PreemptDisabled<'_>,
        socket_events: &SocketEvents,
        socket: Socket<'_>,
    ) {
        let offset = socket.tsoffset();
        let expected = timestamp_offset(socket.net(), &socket.tuple());
        // 0: no timestamps, or tcp_timestamps is not 1 now or was not 1 when the connection came in.
        if offset != expected && offset != 0 && expected != 0 {
            self.accepts_other(preempt, socket_events, socket, offset, expected);
        }
    }

    /// Stores another offset than expected: the creator of the request socket chose it.
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
        // No verdict in a namespace that is being removed.
        let Some(network) = self.0.network(preempt, socket.net()) else {
            return;
        };
        if self.is_replaced(socket, expected) {
            return;
        }
        network.counts().this_cpu(preempt).outcomes.accept_other();
        let cookie = socket.gen_cookie();
        if !socket_events.choose(cookie, offset) {
            network.mark_accepted(preempt, cookie);
        }
    }

    /// Judges whether the offset is still the one of connect, or of the creator of the request socket. The kernel
    /// hashes the same tuple for both.
    fn closes(
        &self,
        preempt: PreemptDisabled<'_>,
        socket_events: &SocketEvents,
        socket: Socket<'_>,
    ) {
        let offset = socket.tsoffset();
        let hash = timestamp_offset(socket.net(), &socket.tuple());
        // Frees the slot, whatever the verdict.
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

    /// Judges another offset than the hash yields, and records a rewritten one.
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

    /// Returns whether another offset is no finding. A user set it, a chosen offset found no slot, the source address
    /// changed since the store, or the hash is replaced.
    fn is_open(&self, preempt: PreemptDisabled<'_>, socket: Socket<'_>, expected: u32) -> bool {
        let net = socket.net();
        let Some(network) = self.0.network(preempt, net) else {
            return true;
        };
        // A marked socket has a cookie.
        let is_noted = || {
            let (Some(repaired), Some(cookie)) = (&network.repaired, socket.cookie()) else {
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

    /// Returns whether the hash now yields another offset for the tuple.
    #[cold]
    #[inline(never)]
    fn is_replaced(&self, socket: Socket<'_>, expected: u32) -> bool {
        // 0 if tcp_timestamps is not 1: a write in between does not mean another hash.
        let again = timestamp_offset(socket.net(), &socket.tuple());
        let replaced = again != expected && again != 0 && expected != 0;
        if replaced {
            self.0.hash.mark_replaced();
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
            cookie: socket.cookie().unwrap_or_else(|| socket.gen_cookie()),
            ends: FourTuple {
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
