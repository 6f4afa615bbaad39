// SPDX-License-Identifier: GPL-2.0

//! Records of several rings in the order of their times.

use proptest::prelude::*;

use crate::{
    model::records::{
        merge::{oldest, take_oldest, Cursor, Sequenced},
        record::{Record, WORDS},
        ring::{Ring, Slot},
    },
    record::write,
    words::Single,
};

type TestRing = Ring<Single, Vec<Slot<Single, WORDS>>>;

fn ring(slots: usize) -> TestRing {
    Ring::new((0..slots).map(|_| Slot::new()).collect())
}

fn push(ring: &TestRing, time: u64) {
    let record = Record::from_words(&[0; WORDS]);
    let slot = ring.begin();
    write(&Record { time, ..record }, slot.words);
    slot.end();
}

/// Reads all records so far. Returns their times and the number of lost records.
fn read(rings: &[TestRing], cursors: &mut [Cursor<Record, WORDS>]) -> (Vec<u64>, u64) {
    let ends: Vec<u64> = rings.iter().map(|ring| ring.head()).collect();
    let (mut times, mut lost) = (Vec::new(), 0);
    loop {
        for ((cursor, ring), &end) in cursors.iter_mut().zip(rings).zip(&ends) {
            lost += cursor.fill(ring, end);
        }
        let first = oldest(cursors);
        match take_oldest(cursors) {
            Some(placed) => {
                assert_eq!(first, Some(placed.entry.time));
                times.push(placed.entry.time);
            }
            None => {
                assert_eq!(first, None);
                break;
            }
        }
    }
    (times, lost)
}

proptest! {
    /// Records of any CPU, read at any time, come in order, once, and are all accounted for.
    #[test]
    fn in_order_and_all_accounted_for(steps in prop::collection::vec((0..3_usize, 0..10_u8), 0..120)) {
        let rings = [ring(4), ring(4), ring(4)];
        let mut cursors: Vec<_> = (0..3).map(|cpu| Cursor::at(cpu, 0)).collect();
        let (mut all, mut lost) = (Vec::new(), 0);
        let mut written = 0;
        for (cpu, what) in steps {
            if what == 0 {
                let (times, gone) = read(&rings, &mut cursors);
                prop_assert!(times.windows(2).all(|pair| pair[0] < pair[1]));
                all.extend(times);
                lost += gone;
            } else {
                push(&rings[cpu], written);
                written += 1;
            }
        }
        let (times, gone) = read(&rings, &mut cursors);
        all.extend(times);
        lost += gone;
        prop_assert!(all.windows(2).all(|pair| pair[0] < pair[1]));
        prop_assert_eq!(all.len() as u64 + lost, written);
    }
}

#[test]
fn a_cursor_that_fell_behind_goes_on_with_the_oldest() {
    let rings = [ring(4)];
    let mut cursors = [Cursor::at(0, 0)];
    for time in 0..10 {
        push(&rings[0], time);
    }
    assert_eq!(read(&rings, &mut cursors), (vec![6, 7, 8, 9], 6));
}
