// SPDX-License-Identifier: GPL-2.0

//! State that the hooks write and the files read.

use kernel::sync::Arc;

use crate::{
    abstractions::{
        compat::{
            errno::no_data,
            prelude::*,
            rcu::Guard, //
        },
        hook::Hook,
        marked::Marked,
        net::Net,
        percpu::{
            possible_cpus,
            Iter,
            PerCpu, //
        },
        pernet::Registration,
        preempt::PreemptDisabled,
        rcu::RcuCell,
        task::yield_now,
        wait_queue::WaitQueue, //
    },
    model::{
        clock_steps::{self, ClockSteps},
        counts::{ledger::RecordCounts, stats::Shared},
        last::Last,
        records::filter::Filter,
        shares::{self, Shares},
        witness::overlap::{Overlaps, Set},
    },
    tcp::{
        kernel_socket::KernelSocket,
        secure_seq::draw_secret, //
    },
};
use hash::Hash;
use net_counts::{
    Counts,
    Netns,
    NetnsList,
    Sums, //
};
use rings::{
    many,
    Rings, //
};
use self_test::SelfTest;
use socket_events::SocketEvents;
use sysctl_writes::Writes;

pub(crate) mod hash;
pub(crate) mod net_counts;
mod recorder;
pub(crate) mod rings;
pub(crate) mod self_test;
pub(crate) mod socket_events;
pub(crate) mod sysctl_writes;
mod word;

/// The memory that one CPU writes.
pub(crate) struct CpuState {
    /// The CPU's number.
    pub(crate) number: u32,
    /// The CPU's last finding.
    pub(crate) last: Last<Marked>,
}

/// The witness's table of calls in flight.
pub(crate) type Table = Overlaps<KVVec<Set<Marked>>>;

/// All state of the module.
#[pin_data]
pub(crate) struct State {
    each_netns: Registration<Netns>,
    netns_list: Arc<NetnsList>,
    cpus: PerCpu<CpuState>,
    /// The records.
    pub(crate) rings: Rings,
    /// Whether only root may read the counts.
    private: bool,
    /// The hook of the calls.
    pub(crate) hook: Hook,
    /// The self-test of the probes.
    #[pin]
    pub(crate) self_test: SelfTest,
    /// Writes of the sysctls that affect offsets, in an unknown namespace.
    pub(crate) writes_anywhere: Writes,
    /// Writes of the sysctls, in all namespaces.
    pub(crate) all_writes: Writes,
    /// The filter of records; none: every connect is recorded.
    #[pin]
    pub(crate) filter: RcuCell<Filter>,
    /// The check of the kernel's hash.
    pub(crate) hash: Hash,
    /// The steps of the wall clock.
    pub(crate) clock_steps: ClockSteps<Marked, { clock_steps::SLOTS }>,
    /// Tasks that wait for the next record.
    pub(crate) waiters: WaitQueue,
    /// The calls in flight, with the witness on.
    pub(crate) overlaps: Option<Table>,
    /// Each user's connects in flight.
    pub(crate) connect_shares: Shares<KVVec<Marked>>,
    /// Each user's IPv4 connects in flight, if they are followed.
    pub(crate) connect_v4_shares: Option<Shares<KVVec<Marked>>>,
    /// Each user's writes of sysctls in flight.
    pub(crate) sysctl_shares: Shares<KVVec<Marked>>,
    /// Each user's reads in flight, with the witness on.
    pub(crate) read_shares: Option<Shares<KVVec<Marked>>>,
    /// Sockets after their connect, if the module follows them.
    pub(crate) socket_events: Option<SocketEvents>,
}

impl State {
    /// Allocates the state. `records` is the number of records for each CPU, a power of two, if any are kept.
    /// `maxactive` is the number of concurrent calls that the witness follows, if `witness`. `outcomes` is the number
    /// of slots for pending outcomes, if sockets are followed beyond their connect. `ipv4`: connects of IPv4 are
    /// followed, too. May sleep.
    ///
    /// Fails with `ENOMEM`, with `EINVAL` if the rings are too large, or with `EAFNOSUPPORT` if IPv6 is off.
    pub(crate) fn new(
        records: Option<u32>,
        hook: Hook,
        maxactive: u32,
        witness: bool,
        outcomes: Option<u32>,
        ipv4: bool,
        private: bool,
    ) -> Result<Arc<Self>> {
        let socket = KernelSocket::tcp6().inspect_err(|error| {
            pr_err!("cannot make an IPv6 TCP socket ({error:?}); is IPv6 off (ipv6.disable=1)?\n")
        })?;
        let socket_v4 = ipv4.then(KernelSocket::tcp4).transpose()?;
        draw_secret();
        let cpus = PerCpu::new(|number| CpuState {
            number,
            last: Last::new(),
        })?;
        let rings = Rings::new(records, outcomes.is_some())?;
        let waiters = WaitQueue::new()?;
        let overlaps = witness.then(|| overlaps(maxactive)).transpose()?;
        // An fprobe has no instances that one user could take.
        let shares_of = |instances| {
            shares_of(match hook {
                Hook::Kretprobe => instances,
                Hook::Fprobe => u32::MAX,
            })
        };
        let connect_shares = shares_of(maxactive)?;
        let connect_v4_shares = ipv4.then(|| shares_of(maxactive)).transpose()?;
        let sysctl_shares = shares_of(sysctl_writes::MAXACTIVE)?;
        let read_shares = witness.then(|| shares_of(maxactive)).transpose()?;
        let socket_events = outcomes.map(SocketEvents::new).transpose()?;
        let netns_list = NetnsList::new(
            socket_events.is_some(),
            socket_events.is_some() || witness || ipv4,
        )?;
        let each_netns = Registration::new(netns_list.clone())?;

        // Not pin_init: its symbol has the name of this closure twice, see src/names.mk.
        Arc::try_pin_init(
            try_pin_init!(Self {
                each_netns,
                netns_list,
                cpus,
                rings,
                private,
                hook,
                self_test <- SelfTest::new(socket, socket_v4, overlaps.is_some(), socket_events.is_some()),
                writes_anywhere: Writes::new(),
                all_writes: Writes::new(),
                filter <- RcuCell::new(),
                hash: Hash::self_test(),
                clock_steps: ClockSteps::new(),
                waiters,
                overlaps,
                connect_shares,
                connect_v4_shares,
                sysctl_shares,
                read_shares,
                socket_events,
            }? Error),
            GFP_KERNEL,
        )
    }

    /// Returns whether connects of IPv4 are followed.
    #[inline]
    pub(crate) fn ipv4(&self) -> bool {
        self.connect_v4_shares.is_some()
    }

    /// Returns the mode of the files that contain counts only.
    pub(crate) fn counts_mode(&self) -> u16 {
        if self.private {
            0o400
        } else {
            0o444
        }
    }

    /// Returns the memory that this CPU writes.
    #[inline]
    pub(crate) fn this_cpu<'a>(&'a self, preempt: PreemptDisabled<'a>) -> &'a CpuState {
        self.cpus.this_cpu(preempt)
    }

    /// Returns the state of a namespace; `None` if the namespace is being removed.
    #[inline]
    pub(crate) fn netns<'a>(
        &'a self,
        preempt: PreemptDisabled<'a>,
        net: Net<'a>,
    ) -> Option<&'a Netns> {
        self.each_netns.get(net, preempt)
    }

    /// Returns this CPU's counts of a namespace.
    #[inline]
    pub(crate) fn counts<'a>(&'a self, preempt: PreemptDisabled<'a>, net: Net<'a>) -> Counts<'a> {
        self.counts_of(preempt, self.netns(preempt, net))
    }

    /// Returns this CPU's counts of a namespace that was looked up before.
    #[inline]
    pub(crate) fn counts_of<'a>(
        &'a self,
        preempt: PreemptDisabled<'a>,
        netns: Option<&'a Netns>,
    ) -> Counts<'a> {
        match netns {
            Some(netns) => netns.counts().this_cpu(preempt),
            None => self.orphans(preempt),
        }
    }

    /// Returns this CPU's counts for calls in a namespace that is being removed, or that is not set up yet.
    pub(crate) fn orphans<'a>(&'a self, preempt: PreemptDisabled<'a>) -> Counts<'a> {
        self.netns_list.orphans(preempt)
    }

    /// Fails with `ENODATA` if no records are kept (`records=0`).
    pub(crate) fn must_keep_records(&self) -> Result {
        if self.rings.is_enabled() {
            return Ok(());
        }
        Err(no_data())
    }

    /// Counts readable and overwritten records of all CPUs.
    ///
    /// Process context, may sleep. Fails with `EINTR` if the current task is being killed.
    pub(crate) fn record_counts(&self) -> Result<RecordCounts> {
        let mut kept = RecordCounts::default();
        for ring in possible_cpus().filter_map(|cpu| self.rings.connects(cpu)) {
            kept.readable += ring.readable();
            kept.overwritten += ring.overwritten(ring.head());
            yield_now()?;
        }
        Ok(kept)
    }

    /// Returns the values of the outcome table and rings that all namespaces share.
    pub(crate) fn shared(&self) -> Shared {
        let mut shared = Shared::default();
        if let Some(socket_events) = &self.socket_events {
            shared.pending = socket_events.handshakes.pending();
        }
        for ring in possible_cpus().filter_map(|cpu| self.rings.socket_events(cpu)) {
            shared.overwritten += ring.overwritten(ring.head());
        }
        for ring in possible_cpus().filter_map(|cpu| self.rings.accepts(cpu)) {
            shared.accepts_overwritten += ring.overwritten(ring.head());
        }
        shared
    }

    /// Returns the number and the state of every CPU.
    pub(crate) fn cpus(&self) -> Iter<'_, CpuState> {
        self.cpus.iter()
    }

    /// Returns the sums of the host. May sleep; memory is charged to the current task.
    pub(crate) fn sums(&self) -> Result<KBox<Sums>> {
        let mut sums = Sums::zeroes()?;
        self.netns_list.sum(&mut sums)?;
        sums.sysctl_missed = self.all_writes.missed();
        Ok(sums)
    }

    /// Returns the sums of one namespace; all are 0 if it is being removed. May sleep; memory is charged to the current
    /// task.
    pub(crate) fn sums_of(&self, net: Net<'_>) -> Result<KBox<Sums>> {
        let mut sums = Sums::zeroes()?;
        if let Some(netns) = self.each_netns.get(net, &Guard::new()) {
            netns.counts().add_to(&mut sums);
            sums.sysctl_missed = netns.writes.missed();
        }
        Ok(sums)
    }
}

/// Allocates the shares of users in `calls` concurrent calls. May sleep.
fn shares_of(calls: u32) -> Result<Shares<KVVec<Marked>>> {
    let last = possible_cpus().last().unwrap_or(0) as usize;
    let words = many((last + 1) * shares::BUCKETS, || Marked::new(0))?;
    Ok(Shares::new(words, shares::BUCKETS, calls))
}

/// Allocates the witness's table for `calls` concurrent calls. May sleep.
fn overlaps(calls: u32) -> Result<Table> {
    Ok(Table::new(many(Table::sets_for(calls), Set::new)?))
}
