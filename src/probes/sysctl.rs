// SPDX-License-Identifier: GPL-2.0

//! Writes of the sysctls that affect offsets: `net.ipv4.tcp_timestamps` and `net.ipv4.ip_dynaddr`. With `ip_dynaddr`,
//! the source address can change after the store of the offset.
//!
//! A sysctl can be changed and restored between a connect's entry and return. Its values there do not show this, a
//! count of its writes does. Each namespace has its own count: a write in one changes no verdict in another. One
//! user's writes hold at most half of the probe instances.

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

/// Counts the writes of the sysctls.
pub(crate) struct SysctlProbe(pub(crate) Arc<State>);

impl SysctlProbe {
    /// Returns the counters of the written namespace, or those of unknown namespaces. `None` if the namespace is
    /// being removed: no offset is judged there.
    fn writes<'a>(
        &'a self,
        preempt: PreemptDisabled<'a>,
        access: Access<'a>,
        sysctl: Sysctl,
    ) -> Option<&'a Writes> {
        match access.net(sysctl) {
            Some(net) => Some(&self.0.netns(preempt, net)?.writes),
            None => Some(&self.0.writes_anywhere),
        }
    }
}

impl Handler for SysctlProbe {
    type Target = ProcDou8vecMinmax;
    /// The charge to the write's user; `NOTHING` for the self-test's write.
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
