// SPDX-License-Identifier: GPL-2.0

//! Makes a mistake in a probe handler, or when it goes, for the checks of the debug kernel: which one, the socket's priority says.

use crate::{
    abstractions::{
        defect::{
            make,
            Defect, //
        },
        hook::Handler,
        marked::Marked,
        preempt::PreemptDisabled, //
    },
    tcp::{
        hash_connect::Inet6HashConnect,
        socket::Socket, //
    },
};

/// The hook.
pub(crate) struct Defects {
    // Not 0: to be made where tasks may be preempted.
    when_unloaded: Marked,
}

impl Defects {
    pub(crate) fn new() -> Self {
        Self {
            when_unloaded: Marked::new(0),
        }
    }
}

impl Handler for Defects {
    type Target = Inet6HashConnect;
    type Data = ();

    fn on_entry(&self, _here: PreemptDisabled<'_>, socket: Socket<'_>) -> Option<()> {
        let defect = match socket.priority() {
            0xde01 => Defect::Leak,
            0xde02 => Defect::Sleep,
            0xde03 => Defect::Bounds,
            0xde04 => Defect::AfterFree,
            0xde05 => Defect::Overflow,
            0xde06 => {
                self.when_unloaded.store(1);
                return None;
            }
            _ => return None,
        };
        let _ = make(defect);
        None
    }

    fn on_return(&self, _here: PreemptDisabled<'_>, _socket: Socket<'_>, (): &(), _value: usize) {}
}

impl Drop for Defects {
    fn drop(&mut self) {
        if self.when_unloaded.load() != 0 {
            let _ = make(Defect::Preemptible);
        }
    }
}
