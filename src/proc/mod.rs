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
            _stats: File::new(&directory, boxed(stats::StatsFile(state.clone()))?)?,
            _last: File::new(&directory, boxed(last::LastFile(state.clone()))?)?,
            _connects: listing::file(&directory, boxed(connects::ConnectsFile(state.clone()))?)?,
            _filter: File::writable(&directory, boxed(filter::FilterFile(state.clone()))?)?,
            _events: stream::file(&directory, boxed(events::EventsFile(state.clone()))?)?,
        })
    }
}

/// Allocates the contents of a file. May sleep. Fails with `ENOMEM`.
fn boxed<T>(contents: T) -> Result<KBox<T>> {
    Ok(KBox::new(contents, GFP_KERNEL)?)
}
