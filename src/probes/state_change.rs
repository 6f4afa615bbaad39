// SPDX-License-Identifier: GPL-2.0

//! Sockets after their connect: the end of the handshake, and the offset at close.
//!
//! Only with `outcomes`: the handler runs at every state change of a TCP socket.

use kernel::sync::Arc;

use super::sample::who;
use crate::{
    abstractions::{
        clock,
        compat::interrupt::local_interrupt_disable,
        preempt::PreemptDisabled,
        task::responsible_for_call,
        tracepoint, //
    },
    model::{
        records::{
            accepted::Accepted,
            failure::{Reason, Stage},
            socket_event::{FourTuple, Outcome, SocketEvent, What},
        },
        shares::Charge,
        sockets::{
            attempt::Attempt,
            outcomes::AtClose, //
        },
    },
    state::{
        net_counts::Netns,
        socket_events::SocketEvents,
        State, //
    },
    tcp::{
        namespace::ip_dynaddr,
        secure_seq::timestamp_offset,
        set_state::{
            InetSockSetState,
            SetStateArgs,
            Step, //
        },
        socket::Socket,
        tuple::Tuple, //
    },
};

/// Follows the states of sockets.
pub(crate) struct StateProbe(pub(crate) Arc<State>);

impl tracepoint::Handler for StateProbe {
    type Tracepoint = InetSockSetState;

    fn on_hit(&self, change: SetStateArgs<'_>) {
        let (Some(step), Some(socket), Some(socket_events)) = (
            change.step(),
            change.tcp(self.0.ipv4()),
            &self.0.socket_events,
        ) else {
            return;
        };
        // A softirq can interrupt a task's state change with that of another socket. With interrupts off, this CPU's
        // memory has one writer.
        let interrupts = local_interrupt_disable();
        let preempt = (&interrupts).into();
        let is_not_followed = socket.is_ipv4() && !self.0.ipv4();
        match step {
            // Nothing is sent in repair mode, and the socket keeps the offset of a user or of an earlier connect. The
            // probe of connects cannot mark it: that probe misses calls, and follows none over IPv4 without `ipv4`.
            Step::Begins if socket.in_repair() => self.mark_kept(preempt, socket),
            // A socket that became one of IPv4. The close judges the offset of the IPv6 connect.
            Step::Begins | Step::Ends { .. } if is_not_followed => (),
            Step::Begins => self.on_syn_sent(preempt, socket_events, socket),
            Step::Ends {
                outcome,
                error,
                may_be_passive,
                goes_on,
            } => {
                // A SYN cookie's socket can end without an establishment: its note goes in any case.
                let by_cookie = may_be_passive && socket_events.take_syn_cookie(socket);
                // A socket that began to connect has a cookie. Most accepted sockets have none, and this makes none.
                let attempt = socket.cookie().and_then(|cookie| socket_events.end(cookie));
                // Without a slot, a socket that may be passive was accepted, and one in repair mode that is established
                // was restored. A user can switch repair mode on during a handshake: its failure counts all the same.
                let is_restored = outcome == Outcome::Established && socket.in_repair();
                if attempt.is_some() || !(may_be_passive || is_restored) {
                    self.on_handshake_end(preempt, socket, outcome, error, attempt);
                } else if may_be_passive && goes_on && !may_be_active(socket) {
                    self.on_accept(preempt, socket_events, socket, outcome, by_cookie);
                } else if outcome == Outcome::Established && may_be_passive {
                    self.0
                        .counts(preempt, socket.net())
                        .outcomes()
                        .accept_owned();
                }
            }
            Step::Closes => self.on_close(preempt, socket_events, socket),
        }
    }
}

impl StateProbe {
    fn on_syn_sent(
        &self,
        preempt: PreemptDisabled<'_>,
        socket_events: &SocketEvents,
        socket: Socket<'_>,
    ) {
        let attempt = Attempt {
            start: clock::boot_ns(),
            // The task is in connect: no other code begins a handshake.
            who: who(preempt, socket),
            parent: socket.parent(),
            charge: Charge::NOTHING,
        };
        let cpu = self.0.this_cpu(preempt).number;
        let user = responsible_for_call(socket.net(), || socket.user_of_inode(preempt));
        let begun = socket_events.begin(cpu, user, socket.gen_cookie(), attempt);
        self.0.counts(preempt, socket.net()).outcomes().start(begun);
    }

    fn on_handshake_end(
        &self,
        preempt: PreemptDisabled<'_>,
        socket: Socket<'_>,
        outcome: Outcome,
        error: u16,
        attempt: Option<Attempt>,
    ) {
        let time = clock::boot_ns();
        // A socket that has sent nothing got no answer: its error is that of its last connection, which
        // `tcp_disconnect()` leaves. A deferred connect (TCP_FASTOPEN_CONNECT) can end so after its call.
        let is_unsent = outcome != Outcome::Established && socket.has_sent_nothing();
        // The return of the call reports a failure in the call, with its error. The socket has no error then, or an
        // earlier one. A subflow of MPTCP can get its answer, and an error, before the application's call returns.
        let is_in_call = outcome != Outcome::Established
            && (error == 0 || is_unsent || !socket.is_mptcp())
            && socket.is_in_connect(preempt);
        let (outcome, error) = if is_in_call || is_unsent {
            (Outcome::Closed, 0)
        } else {
            (outcome, error)
        };
        self.0
            .counts(preempt, socket.net())
            .outcomes()
            .end(outcome, attempt.is_some());
        // The clock of another CPU can be behind.
        let handshake = attempt.map(|attempt| time.saturating_sub(attempt.start));
        let parent = attempt.map_or(0, |attempt| attempt.parent);
        self.record(
            preempt,
            socket,
            time,
            parent,
            What::Ended {
                outcome,
                error,
                handshake,
            },
        );
        if outcome != Outcome::Established && !is_in_call {
            self.record_failure(preempt, socket, time, error, attempt);
        }
    }

    /// Counts and records an attempt that failed after its call.
    #[cold]
    #[inline(never)]
    fn record_failure(
        &self,
        preempt: PreemptDisabled<'_>,
        socket: Socket<'_>,
        time: u64,
        error: u16,
        attempt: Option<Attempt>,
    ) {
        let reason = Reason::of(error.into(), Stage::Handshake);
        let what = What::Failed {
            reason,
            stage: Stage::Handshake,
            error,
            duration: attempt.map(|attempt| time.saturating_sub(attempt.start)),
            who: attempt.map(|attempt| attempt.who),
            uid: attempt.map_or_else(|| socket.uid(), |attempt| attempt.who.uid),
        };
        let parent = attempt.map_or(0, |attempt| attempt.parent);
        let mut failed = event(socket, &socket.tuple_of_any(), time, parent, what);
        if let Some(attempt) = attempt {
            failed.cgroup = attempt.who.cgroup;
        }
        self.0.fail(preempt, socket.net(), reason, &failed);
    }

    /// Marks a socket that keeps its old offset in its next connection.
    #[cold]
    #[inline(never)]
    fn mark_kept(&self, preempt: PreemptDisabled<'_>, socket: Socket<'_>) {
        if let Some(netns) = self.0.netns(preempt, socket.net()) {
            netns.mark_accepted(preempt, socket.gen_cookie());
        }
    }

    /// Judges and records a connection of a listener at its establishment, before its accept. Or at its close: with Fast
    /// Open, a process can accept and close it before its establishment.
    fn on_accept(
        &self,
        preempt: PreemptDisabled<'_>,
        socket_events: &SocketEvents,
        socket: Socket<'_>,
        outcome: Outcome,
        by_cookie: bool,
    ) {
        let time = clock::boot_ns();
        let offset = socket.tsoffset();
        let tuple = socket.tuple_of_any();
        let expected = timestamp_offset(socket.net(), &tuple);
        // 0: no timestamps, or tcp_timestamps is not 1 now or was not 1 when the connection came in.
        let other = if offset != expected && offset != 0 && expected != 0 {
            self.on_accept_other(preempt, socket_events, socket, offset, expected)
        } else {
            Accepted::Unjudged
        };
        let verdict = Accepted::judge(offset, expected, by_cookie, other);
        let what = What::Accepted {
            verdict,
            offset,
            expected,
            handshake: socket
                .synack_ns()
                .filter(|_| outcome == Outcome::Established),
        };
        let accepted = event(socket, &tuple, time, 0, what);
        self.0.accept(preempt, socket.net(), verdict, &accepted);
    }

    /// Stores another offset than expected: the creator of the request socket chose it. Returns the verdict.
    #[cold]
    #[inline(never)]
    fn on_accept_other(
        &self,
        preempt: PreemptDisabled<'_>,
        socket_events: &SocketEvents,
        socket: Socket<'_>,
        offset: u32,
        expected: u32,
    ) -> Accepted {
        // No verdict in a namespace that is being removed.
        let Some(netns) = self.0.netns(preempt, socket.net()) else {
            return Accepted::Unjudged;
        };
        // A Fast Open socket can be accepted in SYN_RECV, where a user can set its offset.
        if socket.in_repair() || is_noted(netns, socket) || self.is_replaced(socket, expected) {
            return Accepted::Unjudged;
        }
        netns.counts().this_cpu(preempt).outcomes().accept_other();
        let cookie = socket.gen_cookie();
        if !socket_events.choose(cookie, offset) {
            netns.mark_accepted(preempt, cookie);
        }
        Accepted::Chosen
    }

    /// Judges whether the offset is still the one of connect, or of the creator of the request socket. The kernel
    /// hashes the same tuple for both.
    fn on_close(
        &self,
        preempt: PreemptDisabled<'_>,
        socket_events: &SocketEvents,
        socket: Socket<'_>,
    ) {
        let offset = socket.tsoffset();
        let hash = timestamp_offset(socket.net(), &socket.tuple_of_any());
        // Frees the slot, whatever the verdict.
        let chosen = socket_events.chosen(socket);
        if offset == hash {
            self.0
                .counts(preempt, socket.net())
                .outcomes()
                .close(AtClose::Kept);
        } else {
            self.on_close_other(preempt, socket, offset, hash, chosen);
        }
    }

    /// Judges another offset than the hash yields, and records a rewritten one.
    #[cold]
    #[inline(never)]
    fn on_close_other(
        &self,
        preempt: PreemptDisabled<'_>,
        socket: Socket<'_>,
        offset: u32,
        hash: u32,
        chosen: Option<u32>,
    ) {
        let open = chosen == Some(offset) || self.is_open(preempt, socket, hash);
        let found = AtClose::judge(offset, hash, open);
        self.0.counts(preempt, socket.net()).outcomes().close(found);
        if found == AtClose::Rewritten {
            let expected = chosen.unwrap_or(hash);
            self.record(
                preempt,
                socket,
                clock::boot_ns(),
                0,
                What::Rewritten { offset, expected },
            );
        }
    }

    /// Returns whether another offset is no finding. A user set it, a chosen offset found no slot, the source address
    /// changed since the store, or the hash is replaced.
    fn is_open(&self, preempt: PreemptDisabled<'_>, socket: Socket<'_>, expected: u32) -> bool {
        let net = socket.net();
        let Some(netns) = self.0.netns(preempt, net) else {
            return true;
        };
        let may_have_moved = || {
            socket.tuple_of_any().is_v4_mapped()
                && (ip_dynaddr(net) != 0 || netns.writes.any_of_dynaddr())
        };
        if socket.in_repair() || is_noted(netns, socket) || may_have_moved() {
            return true;
        }
        self.is_replaced(socket, expected)
    }

    /// Returns whether the hash now yields another offset for the tuple.
    #[cold]
    #[inline(never)]
    fn is_replaced(&self, socket: Socket<'_>, expected: u32) -> bool {
        // 0 if tcp_timestamps is not 1: a write in between does not mean another hash.
        let again = timestamp_offset(socket.net(), &socket.tuple_of_any());
        let replaced = again != expected && again != 0 && expected != 0;
        if replaced {
            self.0.hash.mark_replaced();
        }
        replaced
    }

    fn record(
        &self,
        preempt: PreemptDisabled<'_>,
        socket: Socket<'_>,
        time: u64,
        parent: u64,
        what: What,
    ) {
        let recorded = match self.0.rings.socket_events(self.0.this_cpu(preempt).number) {
            Some(ring) => {
                let socket_event = event(socket, &socket.tuple_of_any(), time, parent, what);
                self.0.push_socket_event(preempt, Some(ring), &socket_event)
            }
            None => false,
        };
        self.0
            .counts(preempt, socket.net())
            .outcomes()
            .record(recorded);
    }
}

/// Returns whether a socket that leaves SYN_RECV without a slot may have begun to connect: a simultaneous open.
///
/// Such a socket has an owner, a cookie since SYN_SENT (`on_syn_sent`), and no backlog. A listener's socket can have an owner,
/// too: it was accepted in SYN_RECV (Fast Open), or joins an MPTCP connection. Any user can give it a cookie by sock_diag
/// (`ss -tan`), and `inet_csk_clone_lock()` copies that of its request (net/ipv4/inet_connection_sock.c). The backlog is
/// that of its listener: no other user takes it away.
fn may_be_active(socket: Socket<'_>) -> bool {
    socket.is_grafted() && socket.cookie().is_some() && !socket.has_backlog()
}

/// Returns whether the socket is marked: a user may have set its offset, or a chosen offset found no slot. A marked socket
/// has a cookie.
fn is_noted(netns: &Netns, socket: Socket<'_>) -> bool {
    let (Some(repaired), Some(cookie)) = (&netns.repaired, socket.cookie()) else {
        return false;
    };
    repaired.contains(cookie)
}

/// Returns an event of a socket with these addresses and ports.
fn event(socket: Socket<'_>, tuple: &Tuple, time: u64, parent: u64, what: What) -> SocketEvent {
    let (source, destination, source_port, destination_port) = tuple.ends();
    SocketEvent {
        time,
        cookie: socket.cookie().unwrap_or_else(|| socket.gen_cookie()),
        cgroup: socket.cgroup(),
        parent,
        family: socket.family(tuple),
        ends: FourTuple {
            netns: socket.net().inum(),
            source,
            destination,
            source_port,
            destination_port,
        },
        what,
    }
}
