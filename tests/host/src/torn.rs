// SPDX-License-Identifier: GPL-2.0

//! Judges the values that readers saw. An aligned 32-bit field does not tear on common machines, so only these
//! tests show that a torn value is reported.

use loom::{sync::Arc, thread};

use crate::{
    model::{witness::torn::Seen, word::Word},
    words::{explore, protocol, Checked, Single},
};

const BEFORE: u32 = 0x1111_2222;
const AFTER: u32 = 0x3333_4444;
const TORN: u32 = 0x1111_4444;
const OTHER: u32 = 0x3333_2222;

fn open() -> Seen<Single> {
    let seen = Seen::new();
    seen.open(7, BEFORE);
    seen
}

#[test]
fn before_and_after_are_not_torn() {
    let seen = open();
    for value in [BEFORE, AFTER, AFTER, BEFORE] {
        assert!(seen.keep(7, value));
    }
    assert_eq!(seen.close(AFTER).torn, 0);
}

#[test]
fn every_look_is_counted() {
    let seen = open();
    for value in [BEFORE, TORN, OTHER, AFTER] {
        seen.keep(7, value);
    }
    assert_eq!(seen.close(AFTER).looks, 4);
    assert_eq!(seen.close(AFTER).looks, 0);
}

#[test]
fn every_other_value_is() {
    let seen = open();
    for value in [TORN, AFTER, TORN, BEFORE, TORN] {
        assert!(seen.keep(7, value));
    }
    assert_eq!(seen.close(AFTER).torn, 3);
}

#[test]
fn two_different_values_are_kept_and_a_third_is_refused() {
    let seen = open();
    assert!(seen.keep(7, TORN));
    assert!(seen.keep(7, OTHER));
    assert!(!seen.keep(7, AFTER));
    assert!(seen.keep(7, OTHER));
    assert_eq!(seen.close(AFTER).torn, 3);
}

#[test]
fn what_is_closed_or_of_another_connect_is_refused() {
    let seen = open();
    assert!(!seen.keep(5, TORN) && !seen.keep(9, BEFORE));
    assert_eq!(seen.close(AFTER).torn, 0);
    assert!(!seen.keep(7, TORN) && !seen.keep(7, BEFORE));
    assert_eq!(seen.close(AFTER).torn, 0);
}

#[test]
fn a_value_is_seen_65535_times_at_most() {
    let seen = open();
    // When the first word is full, the second word counts the value, too.
    for _ in 0..2 * 0xffff {
        assert!(seen.keep(7, TORN));
    }
    assert!(!seen.keep(7, TORN));
    assert_eq!(seen.close(AFTER).torn, 2 * 0xffff);
}

/// Returns the values seen by readers of the first connect.
fn opened<W: Word>() -> Arc<Seen<W>> {
    let seen = Arc::new(Seen::new());
    seen.open(1, BEFORE);
    seen
}

/// Two readers see torn values while the connect ends. The connect must find exactly the values that the readers
/// were promised to be judged.
fn two_readers_and_an_end<W: Word + 'static>()
where
    Seen<W>: Send + Sync,
{
    explore(3, || {
        let seen = opened::<W>();
        let readers = [TORN, TORN].map(|value| {
            let seen = seen.clone();
            thread::spawn(move || u64::from(seen.keep(1, value)))
        });
        let found = seen.close(AFTER).torn;
        let promised: u64 = readers
            .into_iter()
            .map(|reader| reader.join().unwrap())
            .sum();
        assert_eq!(found, promised, "found and promised differ");
    });
}

#[test]
fn what_is_promised_is_judged() {
    two_readers_and_an_end::<Checked>();
}

/// A reader's connect ends, and another connect begins with the value that the reader saw.
fn a_reader_and_the_next_connect<W: Word + 'static>()
where
    Seen<W>: Send + Sync,
{
    explore(3, || {
        let seen = opened::<W>();
        let reader = {
            let seen = seen.clone();
            thread::spawn(move || seen.keep(1, TORN))
        };
        let found = seen.close(AFTER).torn;
        seen.open(3, TORN);
        let promised = reader.join().unwrap();
        assert_eq!(found, u64::from(promised), "found and promised differ");
    });
}

protocol! {
    another_connects_value_is_not_taken_for_ones_own: a_reader_and_the_next_connect,
    "found and promised differ":
        without_read_barrier_it_is without READ_BARRIER,
}
