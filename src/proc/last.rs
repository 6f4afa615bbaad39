// SPDX-License-Identifier: GPL-2.0

//! `/proc/tsoffset/last`: the last finding on each CPU, for the administrator.
//!
//! An offset is the output of a keyed hash. An offset next to its addresses reveals something about the key, so the
//! file is restricted.

use kernel::sync::Arc;

use crate::{
    abstractions::{
        compat::prelude::*,
        procfs::{
            ProcFile,
            Show, //
        }, //
    },
    model::last::Snapshot,
    state::State,
};

/// The file `last`.
pub(super) struct LastFile(pub(super) Arc<State>);

impl ProcFile for LastFile {
    const NAME: &'static CStr = c"last";
}

impl Show for LastFile {
    fn show(&self, out: &SeqFile) -> Result {
        seq_print!(out, "cpu offset expected verdict\n");
        for (cpu, state) in self.0.cpus() {
            match state.last.read() {
                Snapshot::Nothing => seq_print!(out, "{cpu} - - none\n"),
                Snapshot::Busy => seq_print!(out, "{cpu} - - busy\n"),
                Snapshot::Finding(last) => seq_print!(
                    out,
                    "{cpu} {:#010x} {:#010x} {}\n",
                    last.offset,
                    last.expected,
                    last.verdict.name()
                ),
            }
        }
        Ok(())
    }
}
