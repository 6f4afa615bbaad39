// SPDX-License-Identifier: GPL-2.0

//! The records of each CPU.

use crate::{
    abstractions::{
        compat::prelude::*,
        marked::Marked,
        online_cpus::{
            OfCpu,
            Registration, //
        },
        percpu::possible_cpus, //
    },
    model::{
        records::{
            record,
            ring::{self, Ring, Slot},
        },
        sockets::socket_event,
    },
};

/// The connects that one CPU recorded.
pub(crate) type ConnectRing = Ring<Marked, KVVec<Slot<Marked, { record::WORDS }>>>;

/// The socket events that one CPU recorded. A ring of their own: they are written in softirqs, on top of a returning connect.
pub(crate) type SocketEventRing = Ring<Marked, KVVec<Slot<Marked, { socket_event::WORDS }>>>;

/// Those of one CPU.
pub(crate) struct CpuRings {
    connects: ConnectRing,
    socket_events: Option<SocketEventRing>,
}

/// How large they are to be.
pub(crate) struct Plan {
    slots: usize,
    socket_events: bool,
}

impl OfCpu for CpuRings {
    type Plan = Plan;

    fn new(plan: &Plan, _cpu: u32) -> Result<Self> {
        Ok(Self {
            connects: Ring::new(many(plan.slots, Slot::new)?),
            socket_events: plan
                .socket_events
                .then(|| Ok::<_, Error>(Ring::new(many(plan.slots, Slot::new)?)))
                .transpose()?,
        })
    }
}

/// Those of all CPUs; none where no records are kept.
pub(crate) struct Rings(Option<Registration<CpuRings>>);

impl Rings {
    /// Allocates them for each CPU that is online or comes: so many slots, a power of two, where records are to be kept, and as many
    /// for socket events, where they are wanted. May sleep.
    ///
    /// Fails with `ENOMEM`, or leaves one line in the log and fails with `EINVAL` where all possible CPUs' were too large.
    pub(crate) fn new(slots: Option<u32>, socket_events: bool) -> Result<Self> {
        let Some(slots) = slots else {
            return Ok(Self(None));
        };
        let cpus = possible_cpus().count();
        let bytes = ring::bytes(slots, cpus, 1 + usize::from(socket_events));
        if bytes > ring::MOST_BYTES {
            pr_err!(
                "records={slots} are {} MiB for {cpus} possible CPUs, and {} MiB are the most\n",
                bytes.div_ceil(1 << 20),
                ring::MOST_BYTES >> 20
            );
            return Err(EINVAL);
        }
        let plan = Plan {
            slots: slots as usize,
            socket_events,
        };
        Ok(Self(Some(Registration::new(c"tsoffset:prepare", plan)?)))
    }

    /// Whether records are kept.
    pub(crate) fn are_kept(&self) -> bool {
        self.0.is_some()
    }

    /// The connects of a CPU by its number.
    #[inline]
    pub(crate) fn connects(&self, cpu: u32) -> Option<&ConnectRing> {
        Some(&self.0.as_ref()?.get(cpu)?.connects)
    }

    /// Its socket events.
    #[inline]
    pub(crate) fn socket_events(&self, cpu: u32) -> Option<&SocketEventRing> {
        self.0.as_ref()?.get(cpu)?.socket_events.as_ref()
    }
}

/// So many of them. May sleep.
pub(crate) fn many<T>(number: usize, make: impl Fn() -> T) -> Result<KVVec<T>> {
    let mut all = KVVec::with_capacity(number, GFP_KERNEL)?;
    for _ in 0..number {
        all.push(make(), GFP_KERNEL)?;
    }
    Ok(all)
}
