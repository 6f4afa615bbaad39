// SPDX-License-Identifier: GPL-2.0

//! `/proc/tsoffset/events`: connects as they return, a JSON object a line, for the administrator.

use core::fmt::{
    self,
    Write, //
};

use kernel::sync::Arc;

use crate::{
    abstractions::{
        capability,
        compat::prelude::*,
        procfs::Entry,
        stream::{
            Line,
            Place,
            Stream, //
        },
        wait_queue::WaitQueue, //
    },
    core::{
        json::{
            json,
            lost, //
        },
        merge::{
            take_oldest,
            Cursor, //
        }, //
    },
    state::State,
};

/// The file.
pub(super) struct EventsFile(pub(super) Arc<State>);

/// How far one reader has come in each ring.
pub(super) struct Reader {
    cursors: KVVec<Cursor>,
    /// Records that were overwritten before it came to them, and which it has not been told of.
    lost: u64,
}

impl Entry for EventsFile {
    const NAME: &'static CStr = c"events";
    const MODE: u16 = 0o400;

    fn may_open() -> bool {
        capability::net_admin()
    }
}

impl Stream for EventsFile {
    type Reader = Reader;

    fn reader(&self) -> Result<Reader> {
        let mut cursors = KVVec::new();
        for (cpu, ring) in self.0.rings() {
            cursors.push(Cursor::at(cpu, ring.head()), GFP_KERNEL_ACCOUNT)?;
        }
        Ok(Reader { cursors, lost: 0 })
    }

    fn go(&self, reader: &mut Reader, place: Place) {
        for (cursor, (cpu, ring)) in reader.cursors.iter_mut().zip(self.0.rings()) {
            let head = ring.head();
            *cursor = Cursor::at(
                cpu,
                match place {
                    Place::Oldest => ring.overwritten(head),
                    Place::Now => head,
                },
            );
        }
        reader.lost = 0;
    }

    fn amount(&self) -> u64 {
        self.0
            .rings()
            .fold(0, |sum: u64, (_, ring)| sum.wrapping_add(ring.head()))
    }

    fn is_ready(&self, reader: &mut Reader) -> bool {
        for (cursor, (_, ring)) in reader.cursors.iter_mut().zip(self.0.rings()) {
            reader.lost += cursor.advance(ring, ring.head());
        }
        reader.lost != 0 || reader.cursors.iter().any(Cursor::has_pending)
    }

    fn next(&self, reader: &mut Reader, line: &mut Line) -> fmt::Result {
        if reader.lost != 0 {
            lost(line, reader.lost)?;
            reader.lost = 0;
            return Ok(());
        }
        match take_oldest(&mut reader.cursors) {
            Some(placed) => json(line, &placed),
            None => line.write_str(""),
        }
    }

    fn waiters(&self) -> &WaitQueue {
        &self.0.waiters
    }
}
