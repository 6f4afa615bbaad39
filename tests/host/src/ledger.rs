// SPDX-License-Identifier: GPL-2.0

//! The ledger: every error must show as unbalanced.

use crate::model::{
    counts::{
        counters::Totals,
        ledger::{Ledger, RecordCounts},
    },
    verdict::Verdict,
};

const KEPT: RecordCounts = RecordCounts {
    readable: 5,
    overwritten: 3,
};

fn balanced() -> Totals {
    let mut totals = Totals {
        called: 12,
        entered: 10,
        returned: 10,
        recorded: 8,
        filtered: 2,
        ..Totals::default()
    };
    totals.verdicts[Verdict::Match as usize] = 7;
    totals.verdicts[Verdict::Failed as usize] = 3;
    totals.durations[4] = 10;
    totals
}

/// Makes one count wrong.
type Defect = fn(&mut Totals);

/// Checks totals that do not change during the check.
fn check(totals: &Totals) -> Ledger {
    Ledger::check(totals, Some(&KEPT), totals)
}

#[test]
fn balanced_where_all_adds_up() {
    assert_eq!(check(&balanced()), Ledger::Balanced);
    assert_eq!(balanced().missed(), 2);
}

#[test]
fn a_wrong_count_is_seen() {
    let defects: [(&str, Defect); 4] = [
        ("a lost return", |totals| totals.returned = 9),
        ("a lost record", |totals| totals.recorded = 7),
        ("a lost duration", |totals| totals.durations[4] -= 1),
        ("a verdict counted twice", |totals| {
            totals.verdicts[Verdict::Repair as usize] += 1
        }),
    ];
    for (name, defect) in defects {
        let mut totals = balanced();
        defect(&mut totals);
        assert_eq!(check(&totals), Ledger::Unbalanced, "{name}");
    }
}

#[test]
fn nothing_is_said_in_flight_or_while_it_moves() {
    let in_flight = Totals {
        entered: 11,
        in_flight: 1,
        ..balanced()
    };
    assert_eq!(check(&in_flight), Ledger::Busy);
    assert_eq!(
        Ledger::check(&in_flight, Some(&KEPT), &balanced()),
        Ledger::Busy
    );
    let early = Totals {
        called: 9,
        ..balanced()
    };
    assert_eq!(check(&early), Ledger::Busy);
}

#[test]
fn a_record_that_vanished_is_seen() {
    let vanished = RecordCounts {
        readable: 4,
        ..KEPT
    };
    assert_eq!(
        Ledger::check(&balanced(), Some(&vanished), &balanced()),
        Ledger::Unbalanced
    );
}

#[test]
fn of_one_namespace_the_records_are_not_looked_for() {
    assert_eq!(
        Ledger::check(&balanced(), None, &balanced()),
        Ledger::Balanced
    );
    let lost = Totals {
        filtered: 1,
        ..balanced()
    };
    assert_eq!(Ledger::check(&lost, None, &lost), Ledger::Unbalanced);
}

#[test]
fn sums_add_up() {
    let mut twice = balanced();
    twice.add(&balanced());
    assert_eq!(twice.called, 24);
    assert_eq!(
        Ledger::check(
            &twice,
            Some(&RecordCounts {
                readable: 10,
                overwritten: 6
            }),
            &twice
        ),
        Ledger::Balanced
    );
    // A connect enters in a namespace that is then deleted, and returns in the counters without a namespace.
    let mut entered = Totals {
        in_flight: 1,
        ..Totals::default()
    };
    entered.add(&Totals {
        in_flight: u64::MAX,
        ..Totals::default()
    });
    assert_eq!(entered, Totals::default());
}

/// Both families share the rings: what one has recorded counts for both.
#[test]
fn both_families_have_one_ledger() {
    let both = RecordCounts {
        readable: 10,
        overwritten: 6,
    };
    let (v6, v4) = (balanced(), balanced());
    let none = Totals::default();
    let check = |first: [&Totals; 2], kept: &RecordCounts, second| {
        Ledger::check_both(first, Some(kept), second)
    };
    assert_eq!(check([&v6, &v4], &both, [&v6, &v4]), Ledger::Balanced);
    assert_eq!(check([&v6, &none], &KEPT, [&v6, &none]), Ledger::Balanced);
    assert_eq!(check([&none, &v4], &KEPT, [&none, &v4]), Ledger::Balanced);
    // A record that no family has counted.
    assert_eq!(check([&v6, &v4], &KEPT, [&v6, &v4]), Ledger::Unbalanced);
    // Two mistakes do not cancel each other.
    let lost = Totals {
        returned: 9,
        ..balanced()
    };
    let found = Totals {
        returned: 11,
        ..balanced()
    };
    assert_eq!(
        check([&lost, &found], &both, [&lost, &found]),
        Ledger::Unbalanced
    );
    // One family that moves is enough.
    let moving = Totals {
        entered: 11,
        in_flight: 1,
        ..balanced()
    };
    for second in [[&v6, &moving], [&moving, &v4]] {
        assert_eq!(check(second, &both, second), Ledger::Busy);
        assert_eq!(check([&v6, &v4], &both, second), Ledger::Busy);
    }
    assert_eq!(
        Ledger::check_both([&lost, &v4], None, [&lost, &v4]),
        Ledger::Unbalanced
    );
}
