// SPDX-License-Identifier: GPL-2.0

//! What the hooks write and the files read.

use kernel::sync::Arc;

use crate::{
    abstractions::{
        compat::prelude::*,
        kernel_socket::KernelSocket,
        marked::Marked,
        percpu::PerCpu, //
    },
    core::{
        counters::{
            Counters,
            Totals, //
        },
        last::Last, //
    },
    hooks::{
        timestamps::Writes,
        trial::Trial, //
    },
};

/// What one CPU writes.
pub(crate) struct CpuState {
    /// Its counters.
    pub(crate) counters: Counters<Marked>,
    /// Its last finding.
    pub(crate) last: Last<Marked>,
}

/// All state of the module.
#[pin_data]
pub(crate) struct State {
    cpus: PerCpu<CpuState>,
    /// Trying the probes.
    #[pin]
    pub(crate) trial: Trial,
    /// Writes of the sysctl that decides about offsets.
    pub(crate) timestamps: Writes,
}

impl State {
    /// Allocates it. May sleep.
    ///
    /// Fails with `ENOMEM`, or with `EAFNOSUPPORT` where IPv6 is off.
    pub(crate) fn new() -> Result<Arc<Self>> {
        let socket = KernelSocket::tcp6().inspect_err(|error| {
            pr_err!("cannot make an IPv6 TCP socket ({error:?}); is IPv6 off (ipv6.disable=1)?\n")
        })?;
        let cpus = PerCpu::new(|| CpuState {
            counters: Counters::new(),
            last: Last::new(),
        })?;

        Arc::pin_init(
            pin_init!(Self {
                cpus,
                trial <- Trial::new(socket),
                timestamps: Writes::new(),
            }),
            GFP_KERNEL,
        )
    }

    /// What this CPU writes. For probe handlers, which run with preemption off.
    #[inline]
    pub(crate) fn this_cpu(&self) -> &CpuState {
        self.cpus.this_cpu()
    }

    /// Every CPU's number and state.
    pub(crate) fn cpus(&self) -> impl Iterator<Item = (u32, &CpuState)> {
        self.cpus.iter()
    }

    /// Sums over all CPUs.
    pub(crate) fn totals(&self) -> Totals {
        Totals::sum(|| self.cpus().map(|(_, cpu)| &cpu.counters))
    }
}
