// SPDX-License-Identifier: GPL-2.0

//! `/proc/tsoffset/connects`: the last connects, for the administrator.
//!
//! The file shows offsets next to their addresses: see `last`.

use core::fmt;

use kernel::sync::Arc;

use crate::{
    abstractions::{
        compat::prelude::*,
        listing::{
            List,
            Out, //
        },
        percpu::possible_cpus,
        procfs::ProcFile,
        task::yield_now, //
    },
    model::records::{
        merge::{take_oldest, Cursor, Placed},
        record::{self, Record},
        text,
    },
    state::State,
};

/// Number of records after which the task yields.
const YIELD_AFTER: usize = 64;

/// The file `connects`.
pub(super) struct ConnectsFile(pub(super) Arc<State>);

impl ProcFile for ConnectsFile {
    const NAME: &'static CStr = c"connects";
}

impl List for ConnectsFile {
    const HEADER: &'static str = text::HEADER;

    /// A record, and `CLOCK_REALTIME` at its time.
    type Item = (Placed<Record>, Option<u64>);

    fn snapshot(&self) -> Result<KVVec<Self::Item>> {
        self.0.must_keep_records()?;
        let rings = &self.0.rings;
        let mut items = KVVec::new();
        let mut cursors = KVVec::<Cursor<Record, { record::WORDS }>>::new();
        let mut ends = KVVec::new();
        for (cpu, ring) in possible_cpus().filter_map(|cpu| Some((cpu, rings.connects(cpu)?))) {
            let end = ring.head();
            let start = ring.overwritten(end);
            items.reserve((end - start) as usize, GFP_KERNEL_ACCOUNT)?;
            cursors.push(Cursor::at(cpu, start), GFP_KERNEL_ACCOUNT)?;
            ends.push(end, GFP_KERNEL_ACCOUNT)?;
        }
        loop {
            for (cursor, end) in cursors.iter_mut().zip(&ends) {
                // A record that is overwritten meanwhile is skipped: it is no longer among the last.
                if let Some(ring) = rings.connects(cursor.cpu()) {
                    cursor.fill(ring, *end);
                }
            }
            match take_oldest(&mut cursors) {
                Some(item) => {
                    let realtime = self.0.clock_steps.realtime(item.entry.time);
                    items.push((item, realtime), GFP_KERNEL_ACCOUNT)?;
                }
                None => break,
            }
            // Hundreds of thousands of records take seconds.
            if items.len() % YIELD_AFTER == 0 {
                yield_now()?;
            }
        }
        Ok(items)
    }

    fn line(out: &mut Out<'_>, (item, realtime): &Self::Item) -> fmt::Result {
        text::row(out, item, *realtime)
    }
}
