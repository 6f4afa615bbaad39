// SPDX-License-Identifier: GPL-2.0

//! The counts of each network namespace.
//!
//! A connect counts once, in its own namespace. The host's counts are the sums over all namespaces, removed ones
//! included.

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

/// The counts of one CPU in one namespace that only parameters of the module count.
struct Optional {
    /// The witness's reads.
    readers: Readers<Marked>,
    /// Outcomes of connects.
    outcomes: Outcomes<Marked>,
    /// Connects by sockets of IPv4.
    connects_v4: Counters<Marked>,
}

impl Optional {
    /// Allocates counts that are all 0. May sleep.
    fn new() -> Result<Arc<PerCpu<Self>>> {
        let counts = PerCpu::new(|_| Self {
            readers: Readers::new(),
            outcomes: Outcomes::new(),
            connects_v4: Counters::new(),
        })?;
        Ok(Arc::new(counts, GFP_KERNEL)?)
    }
}

/// The counts of this CPU in one namespace, for as long as preemption is off.
#[derive(Clone, Copy)]
pub(crate) struct Counts<'a> {
    of: &'a NetnsCounts,
    preempt: PreemptDisabled<'a>,
}

impl<'a> Counts<'a> {
    /// Returns the counts of connects by sockets of IPv6.
    #[inline(always)]
    pub(crate) fn connects(self) -> &'a Counters<Marked> {
        self.of.connects.this_cpu(self.preempt)
    }

    /// Returns the counts of connects by sockets of IPv4.
    #[inline(always)]
    pub(crate) fn connects_v4(self) -> &'a Counters<Marked> {
        &self.of.optional.this_cpu(self.preempt).connects_v4
    }

    /// Returns the counts of the witness's reads.
    #[inline(always)]
    pub(crate) fn readers(self) -> &'a Readers<Marked> {
        &self.of.optional.this_cpu(self.preempt).readers
    }

    /// Returns the counts of outcomes.
    #[inline(always)]
    pub(crate) fn outcomes(self) -> &'a Outcomes<Marked> {
        &self.of.optional.this_cpu(self.preempt).outcomes
    }
}

/// The sums of the counts. They take more than a kilobyte: a kernel stack has no room for several.
#[derive(Clone, Copy, Default)]
pub(crate) struct Sums {
    /// The sums for connects by sockets of IPv6.
    pub(crate) connects: Totals,
    /// The sums for connects by sockets of IPv4.
    pub(crate) connects_v4: Totals,
    /// The sums for the witness's reads.
    pub(crate) readers: ReaderTotals,
    /// The sums for outcomes.
    pub(crate) outcomes: OutcomeTotals,
    /// Missed writes of sysctls. Sums over CPUs leave it at 0: no CPU counts it.
    pub(crate) sysctl_missed: u64,
}

impl Sums {
    /// Returns sums that are all 0, on the heap. May sleep; memory is charged to the current task.
    // Not inlined: the value that the compiler moves to the heap leaves the stack.
    #[inline(never)]
    pub(crate) fn zeroes() -> Result<KBox<Self>> {
        Ok(KBox::new(Self::default(), GFP_KERNEL_ACCOUNT)?)
    }

    // Not inlined, for the same reason.
    #[inline(never)]
    fn add_connects(&mut self, counts: &PerCpu<Counters<Marked>>) {
        self.connects.add(&Totals::sum(|| Cpus(counts.iter())));
    }

    // Not inlined, for the same reason.
    #[inline(never)]
    fn add_optional(&mut self, counts: &PerCpu<Optional>) {
        let cpus = || Cpus(counts.iter());
        self.connects_v4
            .add(&Totals::sum(|| cpus().map(|counts| &counts.connects_v4)));
        self.readers
            .add(&ReaderTotals::sum(|| cpus().map(|counts| &counts.readers)));
        self.outcomes
            .add(&OutcomeTotals::sum(cpus().map(|counts| &counts.outcomes)));
    }
}

/// The counts of all CPUs in one namespace.
pub(crate) struct NetnsCounts {
    connects: PerCpu<Counters<Marked>>,
    /// Where no parameter counts here, all namespaces share those of the orphans, which stay 0. A host has many
    /// namespaces, and memory for every possible CPU in each.
    optional: Arc<PerCpu<Optional>>,
    shares_optional: bool,
}

impl NetnsCounts {
    /// Allocates counts that are all 0, with `shared` instead of optional counts of its own. May sleep.
    fn new(shared: Option<Arc<PerCpu<Optional>>>) -> Result<Self> {
        Ok(Self {
            connects: PerCpu::new(|_| Counters::new())?,
            shares_optional: shared.is_some(),
            optional: shared.map_or_else(Optional::new, Ok)?,
        })
    }

    /// Returns the counts of this CPU.
    #[inline(always)]
    pub(crate) fn this_cpu<'a>(&'a self, preempt: PreemptDisabled<'a>) -> Counts<'a> {
        Counts { of: self, preempt }
    }

    /// Adds the counts of all CPUs to `sums`.
    pub(crate) fn add_to(&self, sums: &mut Sums) {
        sums.add_connects(&self.connects);
        if !self.shares_optional {
            sums.add_optional(&self.optional);
        }
    }
}

/// An iterator over the counts of all CPUs.
#[derive(Clone)]
struct Cpus<'a, T: Sync>(Iter<'a, T>);

impl<'a, T: Sync> Iterator for Cpus<'a, T> {
    type Item = &'a T;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(_, counts)| counts)
    }
}

/// The live namespaces, and the counts of removed ones.
#[pin_data]
pub(crate) struct NetnsList {
    #[pin]
    list: Mutex<List>,
    /// Counts of namespaces that are being removed or set up. The kernel's own sockets can connect in them.
    orphans: NetnsCounts,
    /// Whether sockets are followed beyond their connect.
    follows: bool,
    /// Whether a parameter makes the module count more than connects of IPv6.
    counts_more: bool,
}

struct List {
    live: KVVec<Option<Arc<NetnsCounts>>>,
    gone: Sums,
}

impl NetnsList {
    /// Returns an empty list. `follows`: sockets are followed beyond their connect. `counts_more`: the module counts
    /// more than connects of IPv6. May sleep.
    pub(crate) fn new(follows: bool, counts_more: bool) -> Result<Arc<Self>> {
        let orphans = NetnsCounts::new(None)?;
        let list = List {
            live: KVVec::new(),
            gone: Sums::default(),
        };
        Arc::pin_init(
            pin_init!(Self {
                list <- new_mutex!(list, "tsoffset::netns_list"),
                orphans,
                follows,
                counts_more,
            }),
            GFP_KERNEL,
        )
    }

    /// Returns this CPU's counts for calls without a namespace: one that is being removed, or not set up yet.
    #[cold]
    #[inline(never)]
    pub(crate) fn orphans<'a>(&'a self, preempt: PreemptDisabled<'a>) -> Counts<'a> {
        self.orphans.this_cpu(preempt)
    }

    /// Writes the sums of the host to `sums`. May sleep; memory is charged to the current task. Fails with `EINTR` if
    /// the current task is being killed.
    ///
    /// Holds the lock only for the copy of the list, because the creator of a namespace waits for it. A namespace
    /// that is removed later is in the copy, and its counts are not in `gone`.
    pub(crate) fn sum(&self, sums: &mut Sums) -> Result {
        let mut live = KVVec::new();
        loop {
            let list = self.list.lock();
            if list.live.len() > live.capacity() {
                let more = list.live.len();
                drop(list);
                live.reserve(more, GFP_KERNEL_ACCOUNT)?;
                continue;
            }
            for netns in list.live.iter().flatten() {
                live.push(netns.clone(), GFP_KERNEL_ACCOUNT)?;
            }
            *sums = list.gone;
            break;
        }
        // Orphans first. A call that enters in a namespace and returns after its removal then counts as in flight,
        // and no sum is negative.
        self.orphans.add_to(sums);
        // The ledger's identities hold in each namespace, so the sums of two namespaces may be of different moments.
        for netns in &live {
            netns.add_to(sums);
            yield_now()?;
        }
        Ok(())
    }

    fn add(&self, counts: Arc<NetnsCounts>) -> Result {
        let mut list = self.list.lock();
        if let Some(free) = list.live.iter_mut().find(|slot| slot.is_none()) {
            *free = Some(counts);
            return Ok(());
        }
        list.live.push(Some(counts), GFP_KERNEL)?;
        Ok(())
    }

    /// Removes a namespace in which no CPU counts any more, and keeps its counts.
    fn remove(&self, counts: &NetnsCounts) {
        let mut list = self.list.lock();
        counts.add_to(&mut list.gone);
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

/// The state of one namespace.
pub(crate) struct Netns {
    counts: Arc<NetnsCounts>,
    netns_list: Arc<NetnsList>,
    /// Writes of the sysctls that affect the namespace's offsets.
    pub(crate) writes: Writes,
    /// The marked sockets, if sockets are followed: a user set the offset, or an accepted socket with a chosen offset
    /// found no slot. Each namespace has its own set. So marks here cost no verdict elsewhere.
    pub(crate) repaired: Option<Repaired<KVVec<Marked>>>,
}

impl Netns {
    /// Marks a socket that kept another offset than the kernel chose for its last connect, if sockets are followed.
    #[inline(always)]
    pub(crate) fn mark_repair(&self, preempt: PreemptDisabled<'_>, cookie: u64) {
        if let Some(repaired) = &self.repaired {
            let shared = repaired.insert(cookie);
            self.counts.this_cpu(preempt).outcomes().mark_repair(shared);
        }
    }

    /// Marks a socket with another offset than the kernel's, for the state handler. With interrupts off.
    #[inline(always)]
    pub(crate) fn mark_accepted(&self, preempt: PreemptDisabled<'_>, cookie: u64) {
        if let Some(repaired) = &self.repaired {
            let shared = repaired.insert(cookie);
            self.counts
                .this_cpu(preempt)
                .outcomes()
                .mark_accepted(shared);
        }
    }

    /// Returns the counts of the namespace.
    #[inline]
    pub(crate) fn counts(&self) -> &NetnsCounts {
        &self.counts
    }
}

has_net_id!(Netns);

impl PernetOperations for Netns {
    type Data = NetnsList;

    fn new(netns_list: &Arc<NetnsList>, _net: Net<'_>) -> Result<Self> {
        let shared = (!netns_list.counts_more).then(|| netns_list.orphans.optional.clone());
        let counts = Arc::new(NetnsCounts::new(shared)?, GFP_KERNEL)?;
        let repaired = netns_list
            .follows
            .then(|| Ok::<_, Error>(Repaired::new(many(repaired::WORDS, || Marked::new(0))?)))
            .transpose()?;
        netns_list.add(counts.clone())?;
        Ok(Self {
            counts,
            netns_list: netns_list.clone(),
            writes: Writes::new(),
            repaired,
        })
    }
}

impl Drop for Netns {
    fn drop(&mut self) {
        self.netns_list.remove(&self.counts);
    }
}
