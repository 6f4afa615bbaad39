// SPDX-License-Identifier: GPL-2.0

//! What is counted, by network namespace.
//!
//! A connect is counted once, in its own namespace; the host's counts are the sum of all namespaces, those
//! that are gone included.

use kernel::{
    new_mutex,
    sync::{
        Arc,
        Mutex, //
    }, //
};

use super::{
    rings::many,
    sysctl_writes::Writes, //
};
use crate::{
    abstractions::{
        compat::prelude::*,
        marked::Marked,
        net::Net,
        percpu::{
            Iter,
            PerCpu, //
        },
        pernet::{
            has_net_id,
            PernetOperations, //
        },
        preempt::PreemptDisabled,
        task::yield_now, //
    },
    model::{
        counts::counters::{Counters, Totals},
        sockets::{
            outcomes::{OutcomeTotals, Outcomes},
            repaired::{self, Repaired},
        },
        witness::readers::{ReaderTotals, Readers},
    },
};

/// What one CPU counts in one namespace.
pub(crate) struct Counts {
    /// Connects.
    pub(crate) connects: Counters<Marked>,
    /// The witness's reads.
    pub(crate) readers: Readers<Marked>,
    /// What came after connects.
    pub(crate) outcomes: Outcomes<Marked>,
}

/// Sums of them.
#[derive(Clone, Copy, Default)]
pub(crate) struct Sums {
    /// Of connects.
    pub(crate) connects: Totals,
    /// Of the witness's reads.
    pub(crate) readers: ReaderTotals,
    /// Of what came after connects.
    pub(crate) outcomes: OutcomeTotals,
    /// Writes of sysctls that were missed. Those who sum up the rest leave it at 0: no CPU counts it.
    pub(crate) sysctl_missed: u64,
}

impl Sums {
    /// Sums up what `cpus` yields.
    fn of<'a>(cpus: impl Iterator<Item = &'a Counts> + Clone) -> Self {
        Self {
            connects: Totals::sum(|| cpus.clone().map(|counts| &counts.connects)),
            readers: ReaderTotals::sum(|| cpus.clone().map(|counts| &counts.readers)),
            outcomes: OutcomeTotals::sum(cpus.clone().map(|counts| &counts.outcomes)),
            sysctl_missed: 0,
        }
    }

    fn add(&mut self, others: &Self) {
        self.connects.add(&others.connects);
        self.readers.add(&others.readers);
        self.outcomes.add(&others.outcomes);
    }
}

/// What all CPUs count in one namespace.
pub(crate) struct NetworkCounts(PerCpu<Counts>);

impl NetworkCounts {
    /// All of them 0. May sleep.
    fn new() -> Result<Self> {
        Ok(Self(PerCpu::new(|_| Counts {
            connects: Counters::new(),
            readers: Readers::new(),
            outcomes: Outcomes::new(),
        })?))
    }

    /// This CPU's.
    #[inline]
    pub(crate) fn this_cpu<'a>(&'a self, preempt: PreemptDisabled<'a>) -> &'a Counts {
        self.0.this_cpu(preempt)
    }

    fn cpus(&self) -> Cpus<'_> {
        Cpus(self.0.iter())
    }

    /// Sums over all CPUs.
    pub(crate) fn sums(&self) -> Sums {
        Sums::of(self.cpus())
    }
}

/// All CPUs' counts in one namespace.
#[derive(Clone)]
struct Cpus<'a>(Iter<'a, Counts>);

impl<'a> Iterator for Cpus<'a> {
    type Item = &'a Counts;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(_, counts)| counts)
    }
}

/// The namespaces that there are, and what was counted in others.
#[pin_data]
pub(crate) struct Networks {
    #[pin]
    list: Mutex<List>,
    /// Of namespaces on their way out, or that are still being set up, in which the kernel's own sockets may connect.
    orphans: NetworkCounts,
    /// Whether sockets are followed beyond their connect.
    follows: bool,
}

struct List {
    live: KVVec<Option<Arc<NetworkCounts>>>,
    gone: Sums,
}

impl Networks {
    /// None so far, of sockets that are followed beyond their connect or not. May sleep.
    pub(crate) fn new(follows: bool) -> Result<Arc<Self>> {
        let orphans = NetworkCounts::new()?;
        let list = List {
            live: KVVec::new(),
            gone: Sums::default(),
        };
        Arc::pin_init(
            pin_init!(Self {
                list <- new_mutex!(list, "tsoffset::networks"),
                orphans,
                follows,
            }),
            GFP_KERNEL,
        )
    }

    /// Where to count what belongs to no namespace any more, or not yet.
    #[cold]
    #[inline(never)]
    pub(crate) fn orphans<'a>(&'a self, preempt: PreemptDisabled<'a>) -> &'a Counts {
        self.orphans.this_cpu(preempt)
    }

    /// The host's sums. May sleep; memory is charged to the current task. `EINTR` where the current task is being killed.
    ///
    /// The lock, which who makes a namespace waits for, is held for as long as it takes to copy the list. Whoever is struck off
    /// after that is in the copy, and not in what was counted of those that are gone.
    pub(crate) fn sums(&self) -> Result<Sums> {
        let mut live = KVVec::new();
        let gone = loop {
            let list = self.list.lock();
            if list.live.len() > live.capacity() {
                let more = list.live.len();
                drop(list);
                live.reserve(more, GFP_KERNEL_ACCOUNT)?;
                continue;
            }
            for network in list.live.iter().flatten() {
                live.push(network.clone(), GFP_KERNEL_ACCOUNT)?;
            }
            break list.gone;
        };
        // First: a call that enters in a namespace and returns when that is gone is in flight, and not negative.
        let mut sums = self.orphans.sums();
        // The ledger holds for each namespace by itself, so that each may be of another moment.
        for network in &live {
            sums.add(&network.sums());
            yield_now()?;
        }
        sums.add(&gone);
        Ok(sums)
    }

    fn enlist(&self, counts: Arc<NetworkCounts>) -> Result {
        let mut list = self.list.lock();
        if let Some(free) = list.live.iter_mut().find(|slot| slot.is_none()) {
            *free = Some(counts);
            return Ok(());
        }
        list.live.push(Some(counts), GFP_KERNEL)?;
        Ok(())
    }

    /// Nobody counts there any more: what was counted stays.
    fn strike_off(&self, counts: &NetworkCounts) {
        let mut list = self.list.lock();
        list.gone.add(&counts.sums());
        for slot in list.live.iter_mut() {
            if slot
                .as_ref()
                .is_some_and(|listed| core::ptr::eq(&**listed, counts))
            {
                *slot = None;
            }
        }
    }
}

/// One namespace.
pub(crate) struct Network {
    counts: Arc<NetworkCounts>,
    networks: Arc<Networks>,
    /// Writes of the sysctls that decide about its offsets.
    pub(crate) writes: Writes,
    /// Its sockets whose offset a user set, and accepted ones with a chosen offset that found no slot, where they are followed. Of its own: who may set offsets here takes no verdict from
    /// sockets elsewhere.
    pub(crate) repaired: Option<Repaired<KVVec<Marked>>>,
}

impl Network {
    /// Notes a socket whose offset is not what the kernel chose for its last connect, where sockets are followed.
    #[inline(always)]
    pub(crate) fn mark_repair(&self, preempt: PreemptDisabled<'_>, cookie: u64) {
        if let Some(repaired) = &self.repaired {
            let shared = repaired.insert(cookie);
            self.counts.this_cpu(preempt).outcomes.mark_repair(shared);
        }
    }

    /// Notes an accepted socket whose offset is not what the kernel chose. With interrupts off.
    #[inline(always)]
    pub(crate) fn mark_accepted(&self, preempt: PreemptDisabled<'_>, cookie: u64) {
        if let Some(repaired) = &self.repaired {
            let shared = repaired.insert(cookie);
            self.counts.this_cpu(preempt).outcomes.mark_accepted(shared);
        }
    }

    /// What is counted in it.
    #[inline]
    pub(crate) fn counts(&self) -> &NetworkCounts {
        &self.counts
    }
}

has_net_id!(Network);

impl PernetOperations for Network {
    type Home = Networks;

    fn new(networks: &Arc<Networks>, _net: Net<'_>) -> Result<Self> {
        let counts = Arc::new(NetworkCounts::new()?, GFP_KERNEL)?;
        let repaired = networks
            .follows
            .then(|| Ok::<_, Error>(Repaired::new(many(repaired::WORDS, || Marked::new(0))?)))
            .transpose()?;
        networks.enlist(counts.clone())?;
        Ok(Self {
            counts,
            networks: networks.clone(),
            writes: Writes::new(),
            repaired,
        })
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.networks.strike_off(&self.counts);
    }
}
