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
        preemption::PreemptionDisabled, //
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
pub(crate) struct Timestamps(pub(crate) Arc<State>);

/// Where a write is counted.
#[derive(Clone, Copy)]
pub(crate) enum Place {
    /// In the namespace that is written.
    Namespace,
    /// For all of them: it is not known which, or it is on its way out.
    Anywhere,
    /// Nowhere: it is the write on trial.
    OnTrial,
}

impl Timestamps {
    /// The counts of the namespace that is written, where it is known.
    fn network<'a>(
        &'a self,
        here: PreemptionDisabled<'a>,
        access: Access<'a>,
        sysctl: Sysctl,
    ) -> Option<&'a Writes> {
        let network = self.0.network(here, access.net(sysctl)?)?;
        Some(&network.writes)
    }
}

impl Handler for Timestamps {
    type Function = ProcDou8vecMinmax;
    type Data = Place;

    fn wants(&self, access: Access<'_>) -> bool {
        access.writes().is_some()
    }

    fn entered(&self, here: PreemptionDisabled<'_>, access: Access<'_>) -> Option<Place> {
        let sysctl = access.writes()?;
        if sysctl == Sysctl::Trial {
            self.0.trial.note_own(Fired::WriteEntered);
            return Some(Place::OnTrial);
        }
        let place = match self.network(here, access, sysctl) {
            Some(writes) => {
                writes.begin(sysctl);
                Place::Namespace
            }
            None => {
                self.0.writes_anywhere.begin(sysctl);
                Place::Anywhere
            }
        };
        Some(place)
    }

    fn returned(
        &self,
        here: PreemptionDisabled<'_>,
        access: Access<'_>,
        place: &Place,
        _value: usize,
    ) {
        match (*place, access.writes()) {
            // Of a namespace that has gone meanwhile, nobody asks any more.
            (Place::Namespace, Some(sysctl)) => {
                if let Some(writes) = self.network(here, access, sysctl) {
                    writes.end();
                }
            }
            (Place::OnTrial, _) => self.0.trial.note_own(Fired::WriteReturned),
            (Place::Anywhere, _) => self.0.writes_anywhere.end(),
            (Place::Namespace, None) => (),
        }
    }
}
