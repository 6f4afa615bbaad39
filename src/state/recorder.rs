// SPDX-License-Identifier: GPL-2.0

//! What is recorded, and who waits for it.

use super::{
    rings::{
        ConnectRing,
        FollowUpRing, //
    },
    CpuState,
    State, //
};
use crate::{
    abstractions::preemption::PreemptionDisabled,
    model::{
        records::record::Record,
        sockets::follow_up::FollowUp, //
    },
};

impl State {
    /// Where a connect is recorded; none where no records are kept, or the filter leaves it out.
    pub(crate) fn ring_for(
        &self,
        here: PreemptionDisabled<'_>,
        cpu: &CpuState,
        record: &Record,
    ) -> Option<&ConnectRing> {
        match self.filter.get(here) {
            Some(filter)
                if !filter.matches(record) && cfg!(not(tsoffset_variant = "broken-filter")) =>
            {
                None
            }
            _ => self.rings.connects(cpu.number),
        }
    }

    /// Writes the record of a connect and wakes who waits for it.
    #[inline(always)]
    pub(crate) fn push(&self, here: PreemptionDisabled<'_>, ring: &ConnectRing, record: &Record) {
        if cfg!(not(tsoffset_variant = "broken-ring")) {
            ring.push(&record.to_words());
        }
        self.waiters.notify(here);
    }

    /// Writes what became of a socket, unless the filter leaves it out, and wakes who waits for it; says whether it was written.
    pub(crate) fn push_follow_up(
        &self,
        here: PreemptionDisabled<'_>,
        ring: &FollowUpRing,
        follow_up: &FollowUp,
    ) -> bool {
        let recorded = self
            .filter
            .get(here)
            .is_none_or(|filter| filter.matches_follow_up(follow_up));
        if recorded {
            ring.push(&follow_up.to_words());
            self.waiters.notify(here);
        }
        recorded
    }
}
