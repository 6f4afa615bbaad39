// SPDX-License-Identifier: GPL-2.0

//! What the hooks write and the files read.

use kernel::{
    error::to_result,
    sync::Arc, //
};

use crate::{
    abstractions::{
        compat::{
            prelude::*,
            rcu::Guard, //
        },
        kernel_socket::KernelSocket,
        marked::Marked,
        net::Net,
        owned::EachNetwork,
        percpu::{
            possible_cpus,
            Iter,
            PerCpu, //
        },
        preemption::PreemptionDisabled,
        rcu::RcuCell,
        wait_queue::WaitQueue, //
    },
    bindings,
    core::{
        filter::Filter,
        last::Last,
        ledger::Kept,
        overlap::{
            Overlaps,
            Set, //
        },
        record::WORDS,
        ring::{
            Ring,
            Slot, //
        },
        stats::Shared, //
    },
    follow_ups::{
        many,
        FollowUpRing,
        FollowUps, //
    },
    hooks::{
        timestamps::Writes,
        trial::Trial, //
    },
    network::{
        Counts,
        Network,
        Networks,
        Sums, //
    },
    tcp::secure_seq::draw_secret, //
};

/// The records of one CPU.
pub(crate) type ConnectRing = Ring<Marked, KVVec<Slot<Marked, WORDS>>>;

/// What one CPU writes.
pub(crate) struct CpuState {
    /// Its number.
    pub(crate) number: u32,
    /// Its last finding.
    pub(crate) last: Last<Marked>,
}

/// The witness's table.
pub(crate) type Table = Overlaps<KVVec<Set<Marked>>>;

/// All state of the module.
#[pin_data]
pub(crate) struct State {
    each_network: EachNetwork<Network>,
    networks: Arc<Networks>,
    cpus: PerCpu<CpuState>,
    // By the CPU's number; empty where no records are kept.
    rings: KVVec<ConnectRing>,
    /// Trying the probes.
    #[pin]
    pub(crate) trial: Trial,
    /// Writes of the sysctl that decides about offsets.
    pub(crate) timestamps: Writes,
    /// Which connects are recorded; none: all.
    #[pin]
    pub(crate) filter: RcuCell<Filter>,
    /// Those who wait for a record more.
    pub(crate) waiters: WaitQueue,
    /// What is in flight, with the witness on.
    pub(crate) overlaps: Option<Table>,
    /// What comes after connects, where that is asked for.
    pub(crate) follow_ups: Option<FollowUps>,
}

impl State {
    /// Allocates it: so many records for each CPU, a power of two, where they are to be kept, a witness of so many calls at
    /// once where one is asked for, and room for so many sockets whose outcome is waited for, likewise. May sleep.
    ///
    /// Fails with `ENOMEM`, or with `EAFNOSUPPORT` where IPv6 is off.
    pub(crate) fn new(
        records: Option<u32>,
        witness: Option<u32>,
        outcomes: Option<u32>,
    ) -> Result<Arc<Self>> {
        let socket = KernelSocket::tcp6().inspect_err(|error| {
            pr_err!("cannot make an IPv6 TCP socket ({error:?}); is IPv6 off (ipv6.disable=1)?\n")
        })?;
        draw_secret();
        let cpus = PerCpu::new(|number| CpuState {
            number,
            last: Last::new(),
        })?;
        let rings = ring_for_each_cpu(records)?;
        let waiters = WaitQueue::new()?;
        let overlaps = witness.map(overlaps).transpose()?;
        let follow_ups = outcomes
            .map(|sockets| FollowUps::new(sockets, records))
            .transpose()?;
        let networks = Networks::new()?;
        let each_network = EachNetwork::new(networks.clone())?;

        // Not pin_init, whose name holds this closure's twice: see src/names.mk.
        Arc::try_pin_init(
            try_pin_init!(Self {
                each_network,
                networks,
                cpus,
                rings,
                trial <- Trial::new(socket, overlaps.is_some()),
                timestamps: Writes::new(),
                filter <- RcuCell::new(),
                waiters,
                overlaps,
                follow_ups,
            }? Error),
            GFP_KERNEL,
        )
    }

    /// What this CPU writes.
    #[inline]
    pub(crate) fn this_cpu<'a>(&'a self, here: PreemptionDisabled<'a>) -> &'a CpuState {
        self.cpus.this_cpu(here)
    }

    /// What this CPU counts in a namespace.
    #[inline]
    pub(crate) fn counts<'a>(&'a self, here: PreemptionDisabled<'a>, net: Net<'a>) -> &'a Counts {
        let net = if cfg!(tsoffset_variant = "broken-network") {
            Net::initial()
        } else {
            net
        };
        self.each_network
            .get(net, here)
            .map_or(self.networks.stray(), Network::counts)
            .this_cpu(here)
    }

    /// Fails with `ENODATA` where no records are kept (`records=0`).
    pub(crate) fn must_keep_records(&self) -> Result {
        if self.rings.is_empty() {
            return to_result(-(bindings::ENODATA as i32));
        }
        Ok(())
    }

    /// The ring of a CPU whose state this is; none where no records are kept.
    #[inline]
    pub(crate) fn ring(&self, cpu: &CpuState) -> Option<&ConnectRing> {
        self.rings.get(cpu.number as usize)
    }

    /// Every possible CPU's number and ring; none where no records are kept.
    pub(crate) fn rings(&self) -> impl Iterator<Item = (u32, &ConnectRing)> {
        self.cpus()
            .filter_map(|(number, cpu)| Some((number, self.ring(cpu)?)))
    }

    /// Every possible CPU's number and ring of follow-ups; none where no records are kept, or outcomes are not asked for.
    pub(crate) fn follow_up_rings(&self) -> impl Iterator<Item = (u32, &FollowUpRing)> {
        let all = self.follow_ups.as_ref();
        self.cpus()
            .filter_map(move |(number, _)| Some((number, all?.ring(number)?)))
    }

    /// What became of the records, all CPUs together.
    pub(crate) fn kept(&self) -> Kept {
        let mut kept = Kept::default();
        for (_, ring) in self.rings() {
            kept.readable += ring.readable();
            kept.overwritten += ring.overwritten(ring.head());
        }
        kept
    }

    /// What the namespaces share of what came after connects.
    pub(crate) fn shared(&self) -> Shared {
        let mut shared = Shared::default();
        if let Some(follow_ups) = &self.follow_ups {
            shared.pending = follow_ups.handshakes.pending();
        }
        for (_, ring) in self.follow_up_rings() {
            shared.overwritten += ring.overwritten(ring.head());
        }
        shared
    }

    /// Every CPU's number and state.
    pub(crate) fn cpus(&self) -> Iter<'_, CpuState> {
        self.cpus.iter()
    }

    /// The host's sums. May sleep.
    pub(crate) fn sums(&self) -> Sums {
        self.networks.sums()
    }

    /// One namespace's; of one on its way out nothing is known.
    pub(crate) fn sums_of(&self, net: Net<'_>) -> Sums {
        self.each_network
            .get(net, &Guard::new())
            .map_or_else(Sums::default, |network| network.counts().sums())
    }
}

/// A ring of so many slots for every CPU up to the last possible one; none where there are to be no slots. May sleep.
pub(crate) fn ring_for_each_cpu<const N: usize>(
    slots: Option<u32>,
) -> Result<KVVec<Ring<Marked, KVVec<Slot<Marked, N>>>>> {
    let Some(slots) = slots else {
        return Ok(KVVec::new());
    };
    let last = possible_cpus().last().unwrap_or(0);
    let mut rings = KVVec::with_capacity(last as usize + 1, GFP_KERNEL)?;
    for _ in 0..=last {
        rings.push(Ring::new(many(slots as usize, Slot::new)?), GFP_KERNEL)?;
    }
    Ok(rings)
}

/// The witness's table for so many calls at once.
fn overlaps(calls: u32) -> Result<Table> {
    Ok(Table::new(many(Table::sets_for(calls), Set::new)?))
}
