// SPDX-License-Identifier: GPL-2.0

//! The ring: readers get complete records, and know which records are overwritten.

use loom::{sync::Arc, thread};
use proptest::prelude::*;

use crate::{
    model::{
        records::ring::{bytes, At, Ring, Slot, MOST_BYTES},
        word::Word,
    },
    words::{explore, protocol, Single},
};

type Slots<W> = Vec<Slot<W, 2>>;

fn ring<W: Word>(slots: usize) -> Ring<W, Slots<W>> {
    Ring::new((0..slots).map(|_| Slot::new()).collect())
}

/// Returns the record at a position: two words that depend on each other.
fn record(position: u64) -> [u64; 2] {
    [position + 10, !(position + 10)]
}

#[test]
fn all_rings_together_have_a_limit() {
    assert_eq!(bytes(256, 2, 1), 65536);
    assert!(bytes(65536, 32, 1) <= MOST_BYTES);
    assert!(bytes(65536, 33, 1) > MOST_BYTES);
    assert!(bytes(65536, 10, 3) <= MOST_BYTES);
    assert!(bytes(65536, 11, 3) > MOST_BYTES);
    assert!(bytes(8192, 240, 1) <= MOST_BYTES);
    assert!(bytes(65536, usize::MAX, 2) > MOST_BYTES);
}

proptest! {
    /// For any number of writes, the last records are present, earlier ones are overwritten, and later ones are
    /// pending.
    #[test]
    fn the_last_ones_can_be_read(written in 0..40_u64, power in 0..4_u32) {
        let slots = 1 << power;
        let ring = ring::<Single>(slots);
        for position in 0..written {
            ring.push(&record(position));
        }
        let head = ring.head();
        prop_assert_eq!(head, written);
        let overwritten = ring.overwritten(head);
        prop_assert_eq!(overwritten + ring.readable(), written);
        for position in 0..written + 2 {
            let wanted = if position >= written {
                At::Nothing
            } else if position < overwritten {
                At::Overwritten
            } else {
                At::Record(record(position))
            };
            prop_assert_eq!(ring.read(position), wanted);
        }
    }
}

/// Two records are written to one slot, while a reader reads the first.
fn two_records_and_a_reader<W: Word + 'static>()
where
    Ring<W, Slots<W>>: Send + Sync,
{
    explore(3, || {
        let ring = Arc::new(ring::<W>(1));
        let writer = {
            let ring = ring.clone();
            thread::spawn(move || {
                ring.push(&record(0));
                ring.push(&record(1));
            })
        };
        let head = ring.head();
        match ring.read(0) {
            At::Nothing => assert_eq!(head, 0, "published, but not there"),
            At::Record(words) => assert_eq!(words, record(0), "half a record"),
            At::Overwritten => (),
        }
        writer.join().unwrap();
        assert_eq!(ring.read(1), At::Record(record(1)));
    });
}

protocol! {
    a_reader_never_sees_half_a_record: two_records_and_a_reader,
    "half a record":
        without_read_barrier_it_does without READ_BARRIER,
        without_write_barrier_it_does without WRITE_BARRIER,
}
