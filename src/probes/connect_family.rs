// SPDX-License-Identifier: GPL-2.0

//! The families whose connects a probe follows: function, counters and tuple of each.

use crate::{
    abstractions::{
        compat::prelude::*,
        marked::Marked,
        probe_target::ProbeTarget, //
    },
    model::{
        counts::counters::Counters,
        shares::Shares, //
    },
    state::{
        net_counts::Counts,
        self_test::Fired,
        State, //
    },
    tcp::{
        connect::{
            ConnectArgs,
            TcpV4Connect,
            TcpV6Connect, //
        },
        socket::Socket,
        tuple::Tuple, //
    },
};

/// The sockets whose connects a probe follows.
pub(crate) trait ConnectFamily: Copy + Send + Sync {
    /// The function.
    type Target: for<'call> ProbeTarget<Args<'call> = ConnectArgs<'call>, Return<'call> = usize>;

    /// Whether the sockets are those of IPv4.
    const IPV4: bool;

    /// The hooks, as the self-test names them: counter, entry and return.
    const HOOKS: [Fired; 3];

    /// Returns whether the probe follows the call.
    fn follows(call: ConnectArgs<'_>) -> bool;

    /// Returns the tuple of a socket whose call returned 0.
    fn tuple(socket: Socket<'_>) -> Tuple;

    /// Returns the tuple of a failed call.
    fn requested(call: ConnectArgs<'_>) -> Tuple;

    /// Returns the counters of these connects.
    fn counters(counts: Counts<'_>) -> &Counters<Marked>;

    /// Returns the shares of users in the probe's instances.
    fn shares(state: &State) -> &Shares<KVVec<Marked>>;

    /// Returns the address of the self-test's socket.
    fn self_test(state: &State) -> usize;
}

/// Sockets of IPv6, with v4-mapped destinations as well.
#[derive(Clone, Copy)]
pub(crate) struct V6;

impl ConnectFamily for V6 {
    type Target = TcpV6Connect;

    const IPV4: bool = false;

    const HOOKS: [Fired; 3] = [Fired::ConnectHit, Fired::ConnectEntry, Fired::ConnectReturn];

    #[inline(always)]
    fn follows(_call: ConnectArgs<'_>) -> bool {
        true
    }

    #[inline(always)]
    fn tuple(socket: Socket<'_>) -> Tuple {
        socket.tuple()
    }

    #[inline(always)]
    fn requested(call: ConnectArgs<'_>) -> Tuple {
        call.requested()
    }

    #[inline(always)]
    fn counters(counts: Counts<'_>) -> &Counters<Marked> {
        counts.connects()
    }

    #[inline(always)]
    fn shares(state: &State) -> &Shares<KVVec<Marked>> {
        &state.connect_shares
    }

    #[inline(always)]
    fn self_test(state: &State) -> usize {
        state.self_test.address()
    }
}

/// Sockets of IPv4.
#[derive(Clone, Copy)]
pub(crate) struct V4;

impl ConnectFamily for V4 {
    type Target = TcpV4Connect;

    const IPV4: bool = true;

    const HOOKS: [Fired; 3] = [
        Fired::ConnectV4Hit,
        Fired::ConnectV4Entry,
        Fired::ConnectV4Return,
    ];

    /// `tcp_v6_connect()` calls the function for v4-mapped destinations: those are followed there.
    #[inline(always)]
    fn follows(call: ConnectArgs<'_>) -> bool {
        call.socket.is_ipv4()
    }

    #[inline(always)]
    fn tuple(socket: Socket<'_>) -> Tuple {
        socket.tuple_v4()
    }

    #[inline(always)]
    fn requested(call: ConnectArgs<'_>) -> Tuple {
        call.requested_v4()
    }

    #[inline(always)]
    fn counters(counts: Counts<'_>) -> &Counters<Marked> {
        counts.connects_v4()
    }

    #[inline(always)]
    fn shares(state: &State) -> &Shares<KVVec<Marked>> {
        state
            .connect_v4_shares
            .as_ref()
            .unwrap_or(&state.connect_shares)
    }

    #[inline(always)]
    fn self_test(state: &State) -> usize {
        state.self_test.address_v4()
    }
}
