// SPDX-License-Identifier: GPL-2.0

//! What the hooks write and the files read.

use kernel::sync::Arc;

use crate::{
    abstractions::{
        compat::prelude::*,
        kernel_socket::KernelSocket,
        marked::Marked,
        net::Net,
        owned::EachNetwork,
        percpu::{
            possible_cpus,
            PerCpu, //
        },
        rcu::RcuCell,
        wait_queue::WaitQueue, //
    },
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
        }, //
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
};

/// The records of one CPU.
pub(crate) type ConnectRing = Ring<Marked, KVVec<Slot<Marked, WORDS>>>;

/// What one CPU writes.
pub(crate) struct CpuState {
    /// Its number.
    number: u32,
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
    // By the CPU's number.
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
}

impl State {
    /// Allocates it: so many records for each CPU, a power of two, and a witness of so many calls at once
    /// where one is asked for. May sleep.
    ///
    /// Fails with `ENOMEM`, or with `EAFNOSUPPORT` where IPv6 is off.
    pub(crate) fn new(records: u32, witness: Option<u32>) -> Result<Arc<Self>> {
        let socket = KernelSocket::tcp6().inspect_err(|error| {
            pr_err!("cannot make an IPv6 TCP socket ({error:?}); is IPv6 off (ipv6.disable=1)?\n")
        })?;
        let cpus = PerCpu::new(|number| CpuState {
            number,
            last: Last::new(),
        })?;
        let rings = rings(records)?;
        let waiters = WaitQueue::new()?;
        let overlaps = witness.map(overlaps).transpose()?;
        let networks = Networks::new()?;
        let each_network = EachNetwork::new(networks.clone())?;

        Arc::pin_init(
            pin_init!(Self {
                each_network,
                networks,
                cpus,
                rings,
                trial <- Trial::new(socket, overlaps.is_some()),
                timestamps: Writes::new(),
                filter <- RcuCell::new(),
                waiters,
                overlaps,
            }),
            GFP_KERNEL,
        )
    }

    /// What this CPU writes. For probe handlers, which run with preemption off.
    #[inline]
    pub(crate) fn this_cpu(&self) -> &CpuState {
        self.cpus.this_cpu()
    }

    /// Counts something in a namespace. For probe handlers, as above.
    #[inline]
    pub(crate) fn count(&self, net: Net<'_>, count: impl FnOnce(&Counts)) {
        let net = if cfg!(tsoffset_variant = "broken-network") {
            Net::initial()
        } else {
            net
        };
        self.each_network.with(net, |network| {
            let counts = network.map_or(self.networks.stray(), Network::counts);
            count(counts.this_cpu());
        });
    }

    /// The ring of a CPU whose state this is.
    #[inline]
    pub(crate) fn ring(&self, cpu: &CpuState) -> &ConnectRing {
        &self.rings[cpu.number as usize]
    }

    /// Every possible CPU's number and ring.
    pub(crate) fn rings(&self) -> impl Iterator<Item = (u32, &ConnectRing)> {
        self.cpus().map(|(number, cpu)| (number, self.ring(cpu)))
    }

    /// What became of the records, all CPUs together.
    pub(crate) fn kept(&self) -> Kept {
        self.rings().fold(Kept::default(), |kept, (_, ring)| Kept {
            readable: kept.readable + ring.readable(),
            overwritten: kept.overwritten + ring.overwritten(ring.head()),
        })
    }

    /// Every CPU's number and state.
    pub(crate) fn cpus(&self) -> impl Iterator<Item = (u32, &CpuState)> {
        self.cpus.iter()
    }

    /// The host's sums. May sleep.
    pub(crate) fn sums(&self) -> Sums {
        self.networks.sums()
    }

    /// One namespace's; of one on its way out nothing is known.
    pub(crate) fn sums_of(&self, net: Net<'_>) -> Sums {
        self.each_network.with(net, |network| {
            network.map_or_else(Sums::default, |network| network.counts().sums())
        })
    }
}

/// A ring of so many records for every CPU up to the last possible one.
fn rings(records: u32) -> Result<KVVec<ConnectRing>> {
    let last = possible_cpus().last().unwrap_or(0);
    let mut rings = KVVec::with_capacity(last as usize + 1, GFP_KERNEL)?;
    for _ in 0..=last {
        let mut slots = KVVec::with_capacity(records as usize, GFP_KERNEL)?;
        for _ in 0..records {
            slots.push(Slot::new(), GFP_KERNEL)?;
        }
        rings.push(Ring::new(slots), GFP_KERNEL)?;
    }
    Ok(rings)
}

/// The witness's table for so many calls at once.
fn overlaps(calls: u32) -> Result<Table> {
    let number = Table::sets_for(calls);
    let mut sets = KVVec::with_capacity(number, GFP_KERNEL)?;
    for _ in 0..number {
        sets.push(Set::new(), GFP_KERNEL)?;
    }
    Ok(Table::new(sets))
}
