// SPDX-License-Identifier: GPL-2.0

//! `/proc/net/tsoffset`: counts of the reader's own network namespace, for everyone in it.

use kernel::sync::Arc;

use super::stats;
use crate::{
    abstractions::{
        compat::{
            prelude::*,
            seq_file::SeqFile, //
        },
        net::Net,
        pernet::{
            PerNetwork,
            Slot, //
        },
        proc_net::{
            NetFile,
            ShowNet, //
        }, //
    },
    state::State,
};

/// The file in one namespace.
pub(super) struct NetworkFile {
    _file: NetFile<Contents>,
}

/// What is in it.
struct Contents(Arc<State>);

impl ShowNet for Contents {
    const NAME: &'static CStr = c"tsoffset";
    const MODE: u16 = 0o444;

    fn show(&self, net: Net<'_>, out: &SeqFile) -> Result {
        let state = &self.0;
        let probe_armed = state.trial.counts();
        let sums = [state.sums_of(net), state.sums_of(net)];

        // What became of its records is not known: all namespaces share the rings.
        stats::print(out, state, net, probe_armed, &sums, None);
        Ok(())
    }
}

impl PerNetwork for NetworkFile {
    type Home = State;

    fn slot() -> &'static Slot<Self> {
        static SLOT: Slot<NetworkFile> = Slot::new();
        &SLOT
    }

    fn new(state: &Arc<State>, net: Net<'_>) -> Result<Self> {
        let contents = KBox::new(Contents(state.clone()), GFP_KERNEL)?;
        Ok(Self {
            _file: NetFile::new(net, contents)?,
        })
    }
}
