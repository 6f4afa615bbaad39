// SPDX-License-Identifier: GPL-2.0

//! Rewrites the offset of a connected socket, for the selftests of what finds that out.
//!
//! No kernel here has such a writer. A socket whose priority is [`REWRITTEN`] gets another offset when it is
//! closed, by a marked store.

use crate::{
    abstractions::{
        kprobe,
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

impl kprobe::Handler for Rewrite {
    type Function = TcpClose;

    fn called(&self, _here: PreemptionDisabled<'_>, socket: Closing<'_>) {
        if socket.priority() == REWRITTEN {
            // Never the same, and never 0 where it was not.
            socket.set_tsoffset(socket.tsoffset() ^ 0x8000_0001);
        }
    }
}
