// SPDX-License-Identifier: GPL-2.0

//! Rewrites the offset of a connected socket, for the selftests of what finds that out.
//!
//! No kernel here has such a writer. A socket whose priority is [`REWRITTEN`] gets another offset when it is
//! closed, by a marked store.

use crate::{
    abstractions::{
        kretprobe,
        preemption::PreemptionDisabled, //
    },
    tcp::close::{
        Closing,
        TcpClose, //
    },
};

/// The priority that asks for it.
const REWRITTEN: u32 = 0x7e58;

/// The hook.
pub(crate) struct Rewrite;

impl kretprobe::Handler for Rewrite {
    type Function = TcpClose;
    type Data = ();

    fn entered(&self, _here: PreemptionDisabled<'_>, socket: Closing<'_>) {
        if socket.priority() == REWRITTEN {
            // Never the same, and never 0 where it was not.
            socket.set_tsoffset(socket.tsoffset() ^ 0x8000_0001);
        }
    }

    fn returned(&self, _here: PreemptionDisabled<'_>, _socket: Closing<'_>, (): (), _value: usize) {
    }
}
