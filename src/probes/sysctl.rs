// SPDX-License-Identifier: GPL-2.0

//! Writes of the sysctls that decide about offsets: `net.ipv4.tcp_timestamps`, and `net.ipv4.ip_dynaddr`, which lets the source
//! address change after the offset is stored.
//!
//! Comparing a sysctl at a connect's entry and return does not show that it was changed and
//! changed back in between; counting its writes does. They are counted in the namespace that is written: what one does, changes
//! no verdict in another. Nor do writes of one user take the instances of all: each user holds half of them at the most.

use kernel::sync::Arc;

use crate::{
    abstractions::{
        hook::Handler,
        preempt::PreemptDisabled,
        task::responsible_user, //
    },
    model::shares::Charge,
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

impl SysctlProbe {
    /// Where writes are counted: in the namespace that is written, or for all where it is not known which. Nowhere, where the namespace
    /// is on its way out: nothing is judged there.
    fn writes<'a>(
        &'a self,
        preempt: PreemptDisabled<'a>,
        access: Access<'a>,
        sysctl: Sysctl,
    ) -> Option<&'a Writes> {
        match access.net(sysctl) {
            Some(net) => Some(&self.0.network(preempt, net)?.writes),
            None => Some(&self.0.writes_anywhere),
        }
    }
}

impl Handler for SysctlProbe {
    type Target = ProcDou8vecMinmax;
    /// What is charged to its user; nothing for the self-test's write.
    type Data = Charge;

    fn filter(&self, access: Access<'_>) -> bool {
        access.writes().is_some()
    }

    fn on_entry(&self, preempt: PreemptDisabled<'_>, access: Access<'_>) -> Option<Charge> {
        let sysctl = access.writes()?;
        if sysctl == Sysctl::SelfTest {
            self.0.self_test.reached_own(Fired::SysctlEntry);
            return Some(Charge::NOTHING);
        }
        let cpu = self.0.this_cpu(preempt).number;
        let charge = self.0.sysctl_shares.charge(cpu, responsible_user())?;
        self.0.all_writes.start(sysctl);
        if let Some(writes) = self.writes(preempt, access, sysctl) {
            writes.start(sysctl);
        }
        Some(charge)
    }

    fn on_hit(&self, preempt: PreemptDisabled<'_>, access: Access<'_>) {
        match access.writes() {
            Some(Sysctl::SelfTest) => self.0.self_test.reached_own(Fired::SysctlHit),
            Some(sysctl) => {
                self.0.all_writes.call();
                if let Some(writes) = self.writes(preempt, access, sysctl) {
                    writes.call();
                }
            }
            None => (),
        }
    }

    fn on_return(
        &self,
        preempt: PreemptDisabled<'_>,
        access: Access<'_>,
        charge: &Charge,
        _value: usize,
    ) {
        self.0.sysctl_shares.uncharge(*charge);
        match access.writes() {
            Some(Sysctl::SelfTest) => self.0.self_test.reached_own(Fired::SysctlReturn),
            Some(sysctl) => {
                if let Some(writes) = self.writes(preempt, access, sysctl) {
                    writes.end();
                }
            }
            None => (),
        }
    }
}
