// SPDX-License-Identifier: GPL-2.0

//! `/proc/tsoffset/events`: connects at their return, one JSON object a line, for the administrator.

use core::{
    fmt,
    ops::Deref, //
};

use kernel::sync::Arc;

use crate::{
    abstractions::{
        compat::prelude::*,
        percpu::possible_cpus,
        procfs::Entry,
        stream::{
            Line,
            SeekTo,
            Stream, //
        },
        wait_queue::WaitQueue, //
    },
    model::{
        records::{
            json,
            merge::{oldest, take_oldest, Cursor},
            record::{self, Record},
            ring::{Ring, Slot},
            socket_event::{self, SocketEvent},
        },
        word::Word,
    },
    state::State,
};

/// The file `events`.
pub(super) struct EventsFile(pub(super) Arc<State>);

/// The position of one reader in each ring.
pub(super) struct Reader {
    connects: KVVec<Cursor<Record, { record::WORDS }>>,
    socket_events: KVVec<Cursor<SocketEvent, { socket_event::WORDS }>>,
    /// Overwritten entries that no line has reported to the reader yet.
    lost: u64,
}

impl Entry for EventsFile {
    const NAME: &'static CStr = c"events";
}

impl Stream for EventsFile {
    type Reader = Reader;

    fn reader(&self) -> Result<Reader> {
        self.0.must_keep_records()?;
        let mut connects = KVVec::new();
        let mut socket_events = KVVec::new();
        // All possible CPUs: any can come online later.
        for cpu in possible_cpus() {
            let head = self.0.rings.connects(cpu).map_or(0, Ring::head);
            connects.push(Cursor::at(cpu, head), GFP_KERNEL_ACCOUNT)?;
            let head = self.0.rings.socket_events(cpu).map_or(0, Ring::head);
            socket_events.push(Cursor::at(cpu, head), GFP_KERNEL_ACCOUNT)?;
        }
        Ok(Reader {
            connects,
            socket_events,
            lost: 0,
        })
    }

    fn seek(&self, reader: &mut Reader, seek: SeekTo) {
        for cursor in reader.connects.iter_mut() {
            let ring = self.0.rings.connects(cursor.cpu());
            *cursor = Cursor::at(cursor.cpu(), start(ring, seek));
        }
        for cursor in reader.socket_events.iter_mut() {
            let ring = self.0.rings.socket_events(cursor.cpu());
            *cursor = Cursor::at(cursor.cpu(), start(ring, seek));
        }
        reader.lost = 0;
    }

    fn written(&self) -> u64 {
        let mut written = 0_u64;
        for cpu in possible_cpus() {
            let connects = self.0.rings.connects(cpu).map_or(0, Ring::head);
            let socket_events = self.0.rings.socket_events(cpu).map_or(0, Ring::head);
            written = written.wrapping_add(connects).wrapping_add(socket_events);
        }
        written
    }

    fn is_ready(&self, reader: &mut Reader) -> bool {
        for cursor in reader.connects.iter_mut() {
            if let Some(ring) = self.0.rings.connects(cursor.cpu()) {
                reader.lost += cursor.advance(ring, ring.head());
            }
        }
        for cursor in reader.socket_events.iter_mut() {
            if let Some(ring) = self.0.rings.socket_events(cursor.cpu()) {
                reader.lost += cursor.advance(ring, ring.head());
            }
        }
        reader.lost != 0
            || oldest(&reader.connects).is_some()
            || oldest(&reader.socket_events).is_some()
    }

    fn next(&self, reader: &mut Reader, line: &mut Line) -> fmt::Result {
        if reader.lost != 0 {
            json::lost(line, reader.lost)?;
            reader.lost = 0;
            return Ok(());
        }
        // Of equal times, the connect is first.
        let socket_event_first = match (oldest(&reader.connects), oldest(&reader.socket_events)) {
            (Some(connect), Some(socket_event)) => socket_event < connect,
            (connect, _) => connect.is_none(),
        };
        if socket_event_first {
            if let Some(placed) = take_oldest(&mut reader.socket_events) {
                json::socket_event(line, &placed)?;
            }
        } else if let Some(placed) = take_oldest(&mut reader.connects) {
            json::json(line, &placed)?;
        }
        Ok(())
    }

    fn waiters(&self) -> &WaitQueue {
        &self.0.waiters
    }
}

/// Returns the ring position of a seek.
fn start<W, S, const N: usize>(ring: Option<&Ring<W, S>>, seek: SeekTo) -> u64
where
    W: Word,
    S: Deref<Target = [Slot<W, N>]>,
{
    // A CPU that was never online has no ring: all its records are still to come.
    let Some(ring) = ring else {
        return 0;
    };
    let head = ring.head();
    match seek {
        SeekTo::Oldest => ring.overwritten(head),
        SeekTo::End => head,
    }
}
