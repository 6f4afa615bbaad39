// SPDX-License-Identifier: GPL-2.0

//! The files in /proc/tsoffset, and /proc/net/tsoffset (docs/interface.md).

use kernel::sync::Arc;

use crate::{
    abstractions::{
        compat::prelude::*,
        listing,
        pernet::Registration,
        procfs::{
            Directory,
            File, //
        },
        stream, //
    },
    state::State,
};

mod connects;
mod events;
mod filter;
mod last;
mod network;
mod stats;

/// The directory with its files, and the file of each network namespace. Drop removes them.
pub(crate) struct Files {
    _stats: File<stats::StatsFile>,
    _last: File<last::LastFile>,
    _connects: File<connects::ConnectsFile>,
    _filter: File<filter::FilterFile>,
    _events: File<events::EventsFile>,
    _networks: Registration<network::NetworkFile>,
}

impl Files {
    /// Creates the files, `events` last: an open `events` holds the module, so nothing may fail after its creation.
    /// May sleep.
    pub(crate) fn new(state: &Arc<State>) -> Result<Self> {
        let directory = Directory::new(c"tsoffset")
            .inspect_err(|_| pr_err!("cannot make /proc/tsoffset; is the name taken?\n"))?;

        let networks = Registration::new(state.clone())
            .inspect_err(|_| pr_err!("cannot make /proc/net/tsoffset; is the name taken?\n"))?;

        Ok(Self {
            _networks: networks,
            _stats: File::new(
                &directory,
                KBox::new(stats::StatsFile(state.clone()), GFP_KERNEL)?,
            )?,
            _last: File::new(
                &directory,
                KBox::new(last::LastFile(state.clone()), GFP_KERNEL)?,
            )?,
            _connects: listing::file(
                &directory,
                KBox::new(connects::ConnectsFile(state.clone()), GFP_KERNEL)?,
            )?,
            _filter: File::writable(
                &directory,
                KBox::new(filter::FilterFile(state.clone()), GFP_KERNEL)?,
            )?,
            _events: stream::file(
                &directory,
                KBox::new(events::EventsFile(state.clone()), GFP_KERNEL)?,
            )?,
        })
    }
}
