// SPDX-License-Identifier: GPL-2.0

//! Writes of the sysctls that decide about offsets: `net.ipv4.tcp_timestamps`, and `net.ipv4.ip_dynaddr`, which lets the source
//! address change after the offset is stored.
//!
//! Comparing a sysctl at a connect's entry and return does not show that it was changed and
//! changed back in between; counting its writes does. They are counted in the namespace that is written: what one does, changes
//! no verdict in another.

use kernel::sync::Arc;

use crate::{
    abstractions::{
        hook::Handler,
        preempt::PreemptDisabled, //
    },
    state::{
        self_test::Fired,
        sysctl_writes::Writes,
        State, //
    },
    tcp::sysctl::{
        Access,
        ProcDou8vecMinmax,
        Sysctl, //
    },
};

/// Counts the writes.
pub(crate) struct SysctlProbe(pub(crate) Arc<State>);

/// Where a write is counted.
#[derive(Clone, Copy)]
pub(crate) enum CountedIn {
    /// In the namespace that is written.
    Namespace,
    /// For all of them: it is not known which, or it is on its way out.
    Anywhere,
    /// Nowhere: it is the write on trial.
    OnTrial,
}

impl SysctlProbe {
    /// The counts of the namespace that is written, where it is known.
    fn network<'a>(
        &'a self,
        preempt: PreemptDisabled<'a>,
        access: Access<'a>,
        sysctl: Sysctl,
    ) -> Option<&'a Writes> {
        let network = self.0.network(preempt, access.net(sysctl)?)?;
        Some(&network.writes)
    }
}

impl Handler for SysctlProbe {
    type Target = ProcDou8vecMinmax;
    type Data = CountedIn;

    fn filter(&self, access: Access<'_>) -> bool {
        access.writes().is_some()
    }

    fn on_entry(&self, preempt: PreemptDisabled<'_>, access: Access<'_>) -> Option<CountedIn> {
        let sysctl = access.writes()?;
        if sysctl == Sysctl::SelfTest {
            self.0.trial.note_own(Fired::SysctlEntry);
            return Some(CountedIn::OnTrial);
        }
        let place = match self.network(preempt, access, sysctl) {
            Some(writes) => {
                writes.begin(sysctl);
                CountedIn::Namespace
            }
            None => {
                self.0.writes_anywhere.begin(sysctl);
                CountedIn::Anywhere
            }
        };
        Some(place)
    }

    fn on_return(
        &self,
        preempt: PreemptDisabled<'_>,
        access: Access<'_>,
        place: &CountedIn,
        _value: usize,
    ) {
        match (*place, access.writes()) {
            // Of a namespace that has gone meanwhile, nobody asks any more.
            (CountedIn::Namespace, Some(sysctl)) => {
                if let Some(writes) = self.network(preempt, access, sysctl) {
                    writes.end();
                }
            }
            (CountedIn::OnTrial, _) => self.0.trial.note_own(Fired::SysctlReturn),
            (CountedIn::Anywhere, _) => self.0.writes_anywhere.end(),
            (CountedIn::Namespace, None) => (),
        }
    }
}
