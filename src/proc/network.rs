// SPDX-License-Identifier: GPL-2.0

//! `/proc/net/tsoffset`: the counts of the reader's own network namespace, for every reader in it.

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
            has_net_id,
            PernetOperations, //
        },
        proc_net::{
            NetFile,
            ShowNet, //
        }, //
    },
    state::State,
};

/// The file of one namespace.
pub(super) struct NetworkFile {
    _file: NetFile<Contents>,
}

/// The contents of the file.
struct Contents(Arc<State>);

impl ShowNet for Contents {
    const NAME: &'static CStr = c"tsoffset";

    fn mode(&self) -> u16 {
        self.0.counts_mode()
    }

    fn show(&self, net: Net<'_>, out: &SeqFile) -> Result {
        let state = &self.0;
        let probe_armed = state.self_test.counted();
        let first = state.sums_of(net)?;
        let second = state.sums_of(net)?;
        let sums = [&*first, &*second];

        // No counts of the rings: all namespaces share them.
        stats::print(out, state, net, probe_armed, sums, None);
        Ok(())
    }
}

has_net_id!(NetworkFile);

impl PernetOperations for NetworkFile {
    type Data = State;

    fn new(state: &Arc<State>, net: Net<'_>) -> Result<Self> {
        Ok(Self {
            _file: NetFile::new(net, Contents(state.clone()))?,
        })
    }
}
