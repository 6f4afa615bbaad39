// SPDX-License-Identifier: GPL-2.0

//! Makes a mistake in a probe handler, for the checks of the debug kernel: which one, the socket's priority says.

use crate::{
    abstractions::{
        defect::{
            make,
            Defect, //
        },
        kprobe,
        preemption::PreemptionDisabled, //
    },
    tcp::{
        hash_connect::Inet6HashConnect,
        socket::Socket, //
    },
};

/// The hook.
pub(crate) struct Defects;

impl kprobe::Handler for Defects {
    type Function = Inet6HashConnect;

    fn called(&self, _here: PreemptionDisabled<'_>, socket: Socket<'_>) {
        let defect = match socket.priority() {
            0xde01 => Defect::Leak,
            0xde02 => Defect::Sleep,
            0xde03 => Defect::Bounds,
            0xde04 => Defect::AfterFree,
            0xde05 => Defect::Overflow,
            _ => return,
        };
        let _ = make(defect);
    }
}
