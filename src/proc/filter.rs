// SPDX-License-Identifier: GPL-2.0

//! `/proc/tsoffset/filter`: the filter of records. The administrator reads and writes it.

use kernel::sync::Arc;

use crate::{
    abstractions::{
        compat::{
            prelude::*,
            rcu::Guard, //
        },
        listing::Out,
        procfs::{
            ProcFile,
            Show,
            Store, //
        }, //
    },
    model::records::filter::{
        Filter,
        Wrong, //
    },
    state::State,
};

/// The file `filter`.
pub(super) struct FilterFile(pub(super) Arc<State>);

impl ProcFile for FilterFile {
    const NAME: &'static CStr = c"filter";

    fn mode(&self) -> u16 {
        0o600
    }
}

impl Show for FilterFile {
    fn show(&self, out: &SeqFile) -> Result {
        let filter = self.0.filter.get(&Guard::new()).copied();
        match filter {
            Some(filter) => filter.write(&mut Out(out)).map_err(|_| EIO)?,
            None => seq_print!(out, "clear"),
        }
        seq_print!(out, "\n");
        Ok(())
    }
}

impl Store for FilterFile {
    fn store(&self, text: &[u8]) -> Result {
        match Filter::parse(text) {
            Ok(filter) => {
                let filter = filter
                    .map(|filter| KBox::new(filter, GFP_KERNEL))
                    .transpose()?;
                self.0.filter.replace(filter);
                Ok(())
            }
            Err(Wrong { position, reason }) => {
                pr_err!("filter: at byte {position}: {reason}; the old filter stays\n");
                Err(EINVAL)
            }
        }
    }
}
