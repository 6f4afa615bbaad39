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
        procfs::ProcFile,
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
    accepts: KVVec<Cursor<SocketEvent, { socket_event::WORDS }>>,
    /// Overwritten entries that no line has reported to the reader yet.
    lost: u64,
}

impl ProcFile for EventsFile {
    const NAME: &'static CStr = c"events";
}

impl Stream for EventsFile {
    type Reader = Reader;

    fn reader(&self) -> Result<Reader> {
        self.0.must_keep_records()?;
        let mut connects = KVVec::new();
        let mut socket_events = KVVec::new();
        let mut accepts = KVVec::new();
        // All possible CPUs: any can come online later.
        for cpu in possible_cpus() {
            let head = self.0.rings.connects(cpu).map_or(0, Ring::head);
            connects.push(Cursor::at(cpu, head), GFP_KERNEL_ACCOUNT)?;
            let head = self.0.rings.socket_events(cpu).map_or(0, Ring::head);
            socket_events.push(Cursor::at(cpu, head), GFP_KERNEL_ACCOUNT)?;
            let head = self.0.rings.accepts(cpu).map_or(0, Ring::head);
            accepts.push(Cursor::at(cpu, head), GFP_KERNEL_ACCOUNT)?;
        }
        Ok(Reader {
            connects,
            socket_events,
            accepts,
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
        for cursor in reader.accepts.iter_mut() {
            let ring = self.0.rings.accepts(cursor.cpu());
            *cursor = Cursor::at(cursor.cpu(), start(ring, seek));
        }
        reader.lost = 0;
    }

    fn written(&self) -> u64 {
        let mut written = 0_u64;
        for cpu in possible_cpus() {
            let connects = self.0.rings.connects(cpu).map_or(0, Ring::head);
            let socket_events = self.0.rings.socket_events(cpu).map_or(0, Ring::head);
            let accepts = self.0.rings.accepts(cpu).map_or(0, Ring::head);
            written = written
                .wrapping_add(connects)
                .wrapping_add(socket_events)
                .wrapping_add(accepts);
        }
        written
    }

    fn is_ready(&self, reader: &mut Reader) -> bool {
        for cursor in reader.connects.iter_mut() {
            if let Some(ring) = self.0.rings.connects(cursor.cpu()) {
                reader.lost += cursor.fill(ring, ring.head());
            }
        }
        for cursor in reader.socket_events.iter_mut() {
            if let Some(ring) = self.0.rings.socket_events(cursor.cpu()) {
                reader.lost += cursor.fill(ring, ring.head());
            }
        }
        for cursor in reader.accepts.iter_mut() {
            if let Some(ring) = self.0.rings.accepts(cursor.cpu()) {
                reader.lost += cursor.fill(ring, ring.head());
            }
        }
        reader.lost != 0
            || oldest(&reader.connects).is_some()
            || oldest(&reader.socket_events).is_some()
            || oldest(&reader.accepts).is_some()
    }

    fn next(&self, reader: &mut Reader, line: &mut Line) -> fmt::Result {
        if reader.lost != 0 {
            json::lost(line, reader.lost)?;
            reader.lost = 0;
            return Ok(());
        }
        // Of equal times, the connect is first, then its outcome.
        let connect = oldest(&reader.connects).unwrap_or(NEVER);
        let socket_event = oldest(&reader.socket_events).unwrap_or(NEVER);
        let accept = oldest(&reader.accepts).unwrap_or(NEVER);
        let placed = if connect <= socket_event && connect <= accept {
            let Some(placed) = take_oldest(&mut reader.connects) else {
                return Ok(());
            };
            let realtime = self.0.clock_steps.realtime(placed.entry.time);
            return json::json(line, &placed, realtime);
        } else if socket_event <= accept {
            take_oldest(&mut reader.socket_events)
        } else {
            take_oldest(&mut reader.accepts)
        };
        let Some(placed) = placed else {
            return Ok(());
        };
        let realtime = self.0.clock_steps.realtime(placed.entry.time);
        json::socket_event(line, &placed, realtime)
    }

    fn waiters(&self) -> &WaitQueue {
        &self.0.waiters
    }
}

/// A time after those of all entries.
const NEVER: u64 = u64::MAX;

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
