// SPDX-License-Identifier: GPL-2.0

//! The tables of sockets that wait for an answer, with their start times, and of sockets whose offset a user set.

use std::collections::HashMap;

use loom::{sync::Arc, thread};
use proptest::prelude::*;

use crate::{
    model::{
        sockets::{
            handshakes::{Bucket, Handshakes},
            repaired::{Repaired, WORDS},
        },
        word::Word,
    },
    words::{explore, protocol, Single},
};

/// A table with two words for each socket: they depend on each other.
fn table<W: Word>(sets: usize) -> Handshakes<Vec<Bucket<W, 2>>> {
    Handshakes::new((0..sets).map(|_| Bucket::new()).collect())
}

/// Returns the words of a time.
fn words(time: u64) -> [u64; 2] {
    [time, !time]
}

proptest! {
    /// The table acts like a map, except for sockets without a slot.
    #[test]
    fn each_has_its_own_time(steps in prop::collection::vec((1..40_u64, any::<bool>()), 0..200)) {
        let table = table::<Single>(4);
        let mut known = HashMap::new();
        for (time, (cookie, begins)) in steps.into_iter().enumerate() {
            if begins {
                if table.start(cookie, &words(time as u64)) {
                    known.insert(cookie, words(time as u64));
                } else {
                    prop_assert!(!known.contains_key(&cookie) && known.len() >= 4);
                }
            } else {
                prop_assert_eq!(table.end(cookie), known.remove(&cookie));
            }
            prop_assert_eq!(table.pending(), known.len() as u64);
        }
    }

    /// Every inserted cookie is found. Few other cookies are found by mistake.
    #[test]
    fn the_repaired_are_known(cookies in prop::collection::vec(1..u64::MAX, 0..100)) {
        let repaired = Repaired::new((0..WORDS).map(|_| Single::new(0)).collect::<Vec<_>>());
        for &cookie in &cookies {
            repaired.insert(cookie);
        }
        for &cookie in &cookies {
            prop_assert!(repaired.contains(cookie));
        }
        let taken_for = (1..1000).filter(|&other| !cookies.contains(&other) && repaired.contains(other));
        prop_assert!(taken_for.count() <= 20);
    }
}

#[test]
fn there_is_room_for_as_many_as_asked_for() {
    for (sockets, sets) in [(1, 1), (4, 1), (5, 2), (4096, 1024), (65536, 16384)] {
        assert_eq!(
            Handshakes::<Vec<Bucket<Single, 2>>>::sets_for(sockets),
            sets
        );
        assert!(table::<Single>(sets).room() >= sockets.into());
    }
}

/// One slot is free. Two sockets compete for the slot, while a third socket releases another one.
fn two_sockets_and_one_slot<W: Word + 'static>()
where
    Handshakes<Vec<Bucket<W, 2>>>: Send + Sync,
{
    explore(3, || {
        let table = Arc::new(table::<W>(1));
        for cookie in 1..=3 {
            assert!(table.start(cookie, &words(10 * cookie)));
        }
        let other = {
            let table = table.clone();
            thread::spawn(move || {
                let has_slot = table.start(5, &words(50));
                let ended = table.end(5);
                assert_eq!(ended, has_slot.then_some(words(50)), "not its own time");
            })
        };
        assert_eq!(table.end(1), Some(words(10)), "not its own time");
        let has_slot = table.start(4, &words(40));
        assert_eq!(
            table.end(4),
            has_slot.then_some(words(40)),
            "not its own time"
        );
        other.join().unwrap();
        assert_eq!(table.pending(), 2);
    });
}

protocol! {
    a_slot_has_one_owner: two_sockets_and_one_slot,
    "not its own time":
        without_atomicity_it_has_two without ATOMICITY,
}
