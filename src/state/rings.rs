// SPDX-License-Identifier: GPL-2.0

//! The rings of each CPU.

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
    model::records::{
        record,
        ring::{self, Ring, Slot},
        socket_event,
    },
};

/// The recorded connects of one CPU.
pub(crate) type ConnectRing = Ring<Marked, KVVec<Slot<Marked, { record::WORDS }>>>;

/// The recorded socket events of one CPU. They have their own ring: softirqs write them while a connect returns.
/// Accepted connections have another: any peer makes them, and they must not replace failures and rewritten offsets.
pub(crate) type SocketEventRing = Ring<Marked, KVVec<Slot<Marked, { socket_event::WORDS }>>>;

/// The rings of one CPU.
pub(crate) struct CpuRings {
    connects: ConnectRing,
    socket_events: Option<SocketEventRing>,
    accepts: Option<SocketEventRing>,
}

/// The size of the rings.
pub(crate) struct Plan {
    slots: usize,
    socket_events: bool,
}

impl OfCpu for CpuRings {
    type Plan = Plan;

    fn new(plan: &Plan, _cpu: u32) -> Result<Self> {
        let ring = || {
            plan.socket_events
                .then(|| Ok::<_, Error>(Ring::new(many(plan.slots, Slot::new)?)))
                .transpose()
        };
        Ok(Self {
            connects: Ring::new(many(plan.slots, Slot::new)?),
            socket_events: ring()?,
            accepts: ring()?,
        })
    }
}

/// The rings of all CPUs; none if no records are kept.
pub(crate) struct Rings(Option<Registration<CpuRings>>);

impl Rings {
    /// Allocates the rings of each CPU that is online or comes online. `slots` is a power of two, or `None` if no
    /// records are kept. With `socket_events`, each CPU gets two more rings of the same size. May sleep.
    ///
    /// Fails with `ENOMEM`. Fails with `EINVAL` and one log line if the rings of all possible CPUs are too large.
    pub(crate) fn new(slots: Option<u32>, socket_events: bool) -> Result<Self> {
        let Some(slots) = slots else {
            return Ok(Self(None));
        };
        let cpus = possible_cpus().count();
        let bytes = ring::bytes(slots, cpus, if socket_events { 3 } else { 1 });
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

    /// Returns whether records are kept.
    pub(crate) fn is_enabled(&self) -> bool {
        self.0.is_some()
    }

    /// Returns the connects of a CPU, by its number.
    #[inline]
    pub(crate) fn connects(&self, cpu: u32) -> Option<&ConnectRing> {
        Some(&self.0.as_ref()?.get(cpu)?.connects)
    }

    /// Returns the socket events of a CPU, by its number, except accepted connections.
    #[inline]
    pub(crate) fn socket_events(&self, cpu: u32) -> Option<&SocketEventRing> {
        self.0.as_ref()?.get(cpu)?.socket_events.as_ref()
    }

    /// Returns the accepted connections of a CPU, by its number.
    #[inline]
    pub(crate) fn accepts(&self, cpu: u32) -> Option<&SocketEventRing> {
        self.0.as_ref()?.get(cpu)?.accepts.as_ref()
    }
}

/// Allocates `number` values. May sleep.
pub(crate) fn many<T>(number: usize, make: impl Fn() -> T) -> Result<KVVec<T>> {
    let mut all = KVVec::with_capacity(number, GFP_KERNEL)?;
    for _ in 0..number {
        all.push(make(), GFP_KERNEL)?;
    }
    Ok(all)
}
