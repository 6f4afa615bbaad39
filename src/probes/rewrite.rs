// SPDX-License-Identifier: GPL-2.0

//! Writes other offsets, for the selftests of what finds that out.
//!
//! A socket whose priority is [`REWRITTEN`] gets another offset when it is closed, by a marked store: no kernel here has such a writer.
//! One whose listener has the mark [`CHOSEN`] gets another before it is established, as `bpf_sk_assign_tcp_reqsk()` has it.

use crate::{
    abstractions::{
        hook::Handler,
        preempt::PreemptDisabled, //
    },
    tcp::{
        close::{
            Closing,
            TcpClose, //
        },
        openreq_child::{
            Child,
            TcpCaOpenreqChild, //
        }, //
    },
};

/// The priority that asks for it when the socket is closed.
const REWRITTEN: u32 = 0x7e58;

/// The mark that asks for it before the socket is established.
const CHOSEN: u32 = 0x7e59;

/// The hook on sockets that are closed.
pub(crate) struct Rewrite;

impl Handler for Rewrite {
    type Target = TcpClose;
    type Data = ();

    fn on_entry(&self, _here: PreemptDisabled<'_>, socket: Closing<'_>) -> Option<()> {
        if socket.priority() == REWRITTEN {
            // Never the same, and never 0 where it was not.
            socket.set_tsoffset(socket.tsoffset() ^ 0x8000_0001);
        }
        None
    }

    fn on_return(&self, _here: PreemptDisabled<'_>, _socket: Closing<'_>, (): &(), _value: usize) {}
}

/// The hook on sockets that a listener makes.
pub(crate) struct Choose;

impl Handler for Choose {
    type Target = TcpCaOpenreqChild;
    type Data = ();

    fn on_entry(&self, _here: PreemptDisabled<'_>, socket: Child<'_>) -> Option<()> {
        if socket.mark() == CHOSEN {
            // Never the same, nor what the other hook makes of it.
            socket.set_tsoffset(!socket.tsoffset());
        }
        None
    }

    fn on_return(&self, _here: PreemptDisabled<'_>, _socket: Child<'_>, (): &(), _value: usize) {}
}
