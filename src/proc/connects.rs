// SPDX-License-Identifier: GPL-2.0

//! `/proc/tsoffset/connects`: the last connects, for the administrator.
//!
//! Offsets stand next to their addresses here: see `last`.

use core::fmt;

use kernel::sync::Arc;

use crate::{
    abstractions::{
        capability,
        compat::prelude::*,
        listing::{
            List,
            Out, //
        },
        procfs::Entry, //
    },
    core::{
        merge::{
            take_oldest,
            Cursor,
            Placed, //
        },
        record::Record,
        text, //
    },
    state::State,
};

/// The file.
pub(super) struct ConnectsFile(pub(super) Arc<State>);

impl Entry for ConnectsFile {
    const NAME: &'static CStr = c"connects";
    const MODE: u16 = 0o400;

    fn may_open() -> bool {
        capability::net_admin()
    }
}

impl List for ConnectsFile {
    const HEADER: &'static str = text::HEADER;

    type Item = Placed<Record>;

    fn snapshot(&self) -> Result<KVVec<Placed<Record>>> {
        self.0.must_keep_records()?;
        let mut items = KVVec::new();
        let mut cursors = KVVec::new();
        let mut ends = KVVec::new();
        for (cpu, ring) in self.0.rings() {
            let end = ring.head();
            let begin = ring.overwritten(end);
            items.reserve((end - begin) as usize, GFP_KERNEL_ACCOUNT)?;
            cursors.push(Cursor::at(cpu, begin), GFP_KERNEL_ACCOUNT)?;
            ends.push(end, GFP_KERNEL_ACCOUNT)?;
        }
        loop {
            for ((cursor, (_, ring)), end) in cursors.iter_mut().zip(self.0.rings()).zip(&ends) {
                // What is overwritten meanwhile is no longer among the last.
                cursor.advance(ring, *end);
            }
            match take_oldest(&mut cursors) {
                Some(item) => items.push(item, GFP_KERNEL_ACCOUNT)?,
                None => break,
            }
        }
        Ok(items)
    }

    fn line(out: &mut Out<'_>, item: &Placed<Record>) -> fmt::Result {
        text::row(out, item)
    }
}
