// SPDX-License-Identifier: GPL-2.0

//! Writes of the sysctls that decide about offsets: `net.ipv4.tcp_timestamps`, and `net.ipv4.ip_dynaddr`, which lets the source
//! address change after the offset is stored.
//!
//! Comparing a sysctl at a connect's entry and return does not show that it was changed and
//! changed back in between; counting its writes does. They are counted in the namespace that is written: what one does, changes
//! no verdict in another.

use kernel::sync::Arc;

use super::trial::Fired;
use crate::{
    abstractions::{
        hook::Handler,
        marked::{
            Marked,
            SharedCounter, //
        },
        preemption::PreemptionDisabled, //
    },
    core::word::Word,
    state::State,
    tcp::sysctl::{
        Access,
        ProcDou8vecMinmax,
        Sysctl, //
    },
};

/// How often the sysctls' handler began to write one of them, and ended, in one namespace.
///
/// Each count is a full barrier: begun comes before the write and ended after it, for whoever looks
/// in the opposite order (tests/litmus/timestamps.litmus).
pub(crate) struct Writes {
    begun: SharedCounter,
    ended: SharedCounter,
    // Of these, writes of ip_dynaddr.
    dynaddr: SharedCounter,
}

impl Writes {
    pub(crate) const fn new() -> Self {
        Self {
            begun: SharedCounter::new(),
            ended: SharedCounter::new(),
            dynaddr: SharedCounter::new(),
        }
    }

    fn begin(&self, sysctl: Sysctl) {
        self.begun.increment();
        if sysctl == Sysctl::IpDynaddr {
            self.dynaddr.increment();
        }
    }

    fn end(&self) {
        self.ended.increment();
    }

    /// Whether ip_dynaddr was ever written.
    pub(crate) fn any_of_dynaddr(&self) -> bool {
        self.dynaddr.load_acquire() != 0
    }

    /// Writes that have ended. What is loaded afterwards is as new as the last of them.
    #[inline]
    pub(crate) fn ended(&self) -> u64 {
        self.ended.load_acquire()
    }

    /// Whether a write overlapped the time since [`ended`](Self::ended) said this.
    pub(crate) fn any_since(&self, ended: u64) -> bool {
        // What was loaded before is no newer than the writes that are counted now.
        Marked::read_barrier();
        self.begun.load_acquire() != ended
    }
}

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
