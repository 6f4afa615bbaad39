// SPDX-License-Identifier: GPL-2.0

//! Overlaps of reads with connects.

use proptest::prelude::*;

use crate::{
    model::witness::overlap::{Connect, Overlap, Overlaps, Read, Set},
    words::Single,
};

type Table = Overlaps<Vec<Set<Single>>>;

fn table(sets: usize) -> Table {
    Overlaps::new((0..sets).map(|_| Set::new()).collect())
}

const SOCKET: usize = 0xffff_8880_1234_5680;

fn start(table: &Table, socket: usize) -> Connect {
    table.connect_begins(socket, 1).expect("no slot")
}

fn read(table: &Table, socket: usize) -> Overlap {
    let read = table.read_begins(socket, || 2);
    table.read_ends(socket, read, || 2)
}

const CERTAIN: Overlap = Overlap::Possible {
    certain: true,
    judged: true,
};
const POSSIBLE: Overlap = Overlap::Possible {
    certain: false,
    judged: true,
};

/// Ends the socket's connect with offset 2. Returns the reads that looked, and the torn values.
fn end(table: &Table, connect: Connect) -> (u64, u64) {
    let findings = table.connect_ends(SOCKET, connect, 2);
    (findings.looks, findings.torn)
}

#[test]
fn a_read_within_a_connect_is_certain() {
    let table = table(1);
    let connect = start(&table, SOCKET);
    assert_eq!(read(&table, SOCKET), CERTAIN);
    assert_eq!(end(&table, connect), (1, 0));
}

#[test]
fn a_read_beside_is_none() {
    let table = table(1);
    assert_eq!(read(&table, SOCKET), Overlap::None);
    let connect = start(&table, SOCKET);
    table.connect_ends(SOCKET, connect, 2);
    assert_eq!(read(&table, SOCKET), Overlap::None);
}

#[test]
fn another_sockets_connect_is_none_of_its_business() {
    let table = table(1);
    let connect = start(&table, SOCKET);
    assert_eq!(read(&table, SOCKET + 64), Overlap::None);
    table.connect_ends(SOCKET, connect, 2);
}

#[test]
fn a_read_over_an_edge_is_possible() {
    let table = table(1);
    let over_the_begin = table.read_begins(SOCKET, || 2);
    let connect = start(&table, SOCKET);
    assert_eq!(table.read_ends(SOCKET, over_the_begin, || 2), POSSIBLE);
    let over_the_end = table.read_begins(SOCKET, || 2);
    table.connect_ends(SOCKET, connect, 2);
    assert_eq!(table.read_ends(SOCKET, over_the_end, || 2), POSSIBLE);
}

#[test]
fn a_connect_within_a_read_is_possible() {
    let table = table(1);
    let around = table.read_begins(SOCKET, || 2);
    let connect = start(&table, SOCKET);
    table.connect_ends(SOCKET, connect, 2);
    assert_eq!(
        table.read_ends(SOCKET, around, || 2),
        Overlap::Possible {
            certain: false,
            judged: false
        }
    );
}

#[test]
fn a_read_over_two_connects_is_in_neither() {
    let table = table(1);
    let first = start(&table, SOCKET);
    let over = table.read_begins(SOCKET, || 2);
    table.connect_ends(SOCKET, first, 2);
    let second = start(&table, SOCKET);
    assert_eq!(table.read_ends(SOCKET, over, || 2), POSSIBLE);
    table.connect_ends(SOCKET, second, 2);
}

#[test]
fn torn_values_are_found_when_the_connect_returns() {
    let table = table(1);
    let connect = start(&table, SOCKET);
    let torn = table.read_begins(SOCKET, || 3);
    table.read_ends(SOCKET, torn, || 4);
    assert_eq!(read(&table, SOCKET), CERTAIN);
    assert_eq!(end(&table, connect), (2, 1));
}

#[test]
fn without_a_slot_a_read_still_sees_a_connect() {
    let table = table(1);
    let connect = start(&table, SOCKET);
    let others: Vec<_> = (1..4).map(|n| start(&table, SOCKET + n * 64)).collect();
    assert!(table.connect_begins(SOCKET + 4 * 64, 1).is_none());

    let outside = table.read_begins(SOCKET, || 2);
    assert!(outside.has_no_slot());
    assert_eq!(table.read_ends(SOCKET, outside, || 2), CERTAIN);

    table.connect_ends(SOCKET, connect, 2);
    for (n, other) in others.into_iter().enumerate() {
        table.connect_ends(SOCKET + (n + 1) * 64, other, 2);
    }
    assert!((0..4).all(|n| table.connect_begins(SOCKET + n * 64, 1).is_some()));
}

#[test]
fn sets_are_a_power_of_two() {
    for calls in [1, 2, 3, 256, 300, 4096] {
        let sets = Table::sets_for(calls);
        assert!(sets.is_power_of_two() && sets * 4 >= 4 * calls as usize);
    }
}

/// One event: the socket and the kind of event.
#[derive(Clone, Copy, Debug)]
enum Event {
    ConnectToggles(usize),
    ReadToggles(usize, usize),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        (0..3_usize).prop_map(Event::ConnectToggles),
        (0..3_usize, 0..2_usize).prop_map(|(socket, reader)| Event::ReadToggles(socket, reader)),
    ];
    prop::collection::vec(event, 0..100)
}

/// The reference model: compares intervals, and forgets none.
#[derive(Default)]
struct Known {
    connects: u64,
    connecting: bool,
}

proptest! {
    /// For any order of begins and ends, the table agrees with the intervals.
    #[test]
    fn as_the_intervals_say(events in events()) {
        // The table has enough sets for 3 connects and 6 reads.
        let table = table(16);
        let address = |socket: usize| SOCKET + socket * 4096;
        let mut known: [Known; 3] = Default::default();
        let mut connects: [Option<Connect>; 3] = [None; 3];
        let mut reads: [[Option<(Read, u64, bool)>; 2]; 3] = Default::default();
        for event in events {
            match event {
                Event::ConnectToggles(socket) => match connects[socket].take() {
                    Some(connect) => {
                        table.connect_ends(address(socket), connect, 2);
                        known[socket].connecting = false;
                    }
                    None => {
                        connects[socket] = table.connect_begins(address(socket), 1);
                        prop_assert!(connects[socket].is_some());
                        known[socket].connects += 1;
                        known[socket].connecting = true;
                    }
                },
                Event::ReadToggles(socket, reader) => {
                    let now = &known[socket];
                    match reads[socket][reader].take() {
                        Some((read, connects_before, inside)) => {
                            let found = table.read_ends(address(socket), read, || 2);
                            let same = connects_before == now.connects;
                            let certain = same && inside && now.connecting;
                            let possible = inside || !same;
                            match found {
                                Overlap::None => prop_assert!(!possible),
                                Overlap::Possible { certain: found, .. } => {
                                    prop_assert!(possible);
                                    prop_assert_eq!(found, certain);
                                }
                            }
                        }
                        None => {
                            let read = table.read_begins(address(socket), || 2);
                            prop_assert!(!read.has_no_slot());
                            reads[socket][reader] = Some((read, now.connects, now.connecting));
                        }
                    }
                }
            }
        }
    }
}

/// A connect and a read at the same time, in every interleaving.
mod concurrent {
    use loom::{
        sync::{
            atomic::{AtomicU32, Ordering::Relaxed},
            Arc,
        },
        thread,
    };

    use super::SOCKET;
    use crate::{
        model::{
            witness::overlap::{Overlap, Overlaps, Set},
            word::Word,
        },
        words::{explore, Checked, Model, FULL_BARRIER, READ_BARRIER},
    };

    const OTHER: usize = SOCKET + 64;

    /// The connect changes the field within and after itself. So the value shows the time of the read.
    fn a_connect_and_a_read<W: Word + 'static>(check: fn(u32, Overlap))
    where
        Set<W>: Send + Sync,
    {
        explore(3, move || {
            let shared = Arc::new((Overlaps::new(vec![Set::<W>::new()]), AtomicU32::new(0)));
            // The first slot is taken when the connect begins, and free when the read begins. So the two need not
            // use the same slot.
            let other = shared.0.connect_begins(OTHER, 0).unwrap();
            let connect = {
                let shared = shared.clone();
                thread::spawn(move || {
                    let (table, field) = &*shared;
                    let connect = table.connect_begins(SOCKET, 0).unwrap();
                    field.store(1, Relaxed);
                    field.store(2, Relaxed);
                    table.connect_ends(SOCKET, connect, 2);
                    W::smp_wmb();
                    field.store(3, Relaxed);
                })
            };
            let (table, field) = &*shared;
            table.connect_ends(OTHER, other, 0);
            let read = table.read_begins(SOCKET, || 0);
            let value = field.load(Relaxed);
            let overlap = table.read_ends(SOCKET, read, || 0);
            check(value, overlap);
            connect.join().unwrap();
        });
    }

    /// The field is 1 only within the connect.
    fn seen_within_is_possible(value: u32, overlap: Overlap) {
        assert!(value != 1 || overlap != Overlap::None, "unnoticed");
    }

    /// The field is 3 only after the connect.
    fn seen_after_is_not_certain(value: u32, overlap: Overlap) {
        let certain = matches!(overlap, Overlap::Possible { certain: true, .. });
        assert!(value != 3 || !certain, "certain, but it was not");
    }

    #[test]
    fn no_overlap_goes_unnoticed() {
        a_connect_and_a_read::<Checked>(seen_within_is_possible);
    }

    #[test]
    fn nothing_is_certain_that_was_not() {
        a_connect_and_a_read::<Checked>(seen_after_is_not_certain);
    }

    #[test]
    #[should_panic(expected = "unnoticed")]
    fn without_full_barriers_one_does() {
        a_connect_and_a_read::<Model<FULL_BARRIER>>(seen_within_is_possible);
    }

    #[test]
    #[should_panic(expected = "certain, but it was not")]
    fn without_read_barrier_something_is() {
        a_connect_and_a_read::<Model<READ_BARRIER>>(seen_after_is_not_certain);
    }
}
