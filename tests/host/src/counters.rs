// SPDX-License-Identifier: GPL-2.0

//! The counters and their sums.

use proptest::prelude::*;

use crate::{
    model::{
        counts::{
            counters::{Counters, Totals},
            histogram::BUCKETS,
            ledger::{Ledger, RecordCounts},
        },
        verdict::Verdict,
    },
    words::Single,
};

/// Returns the counts of rings that hold all recorded connects.
fn kept(totals: &Totals) -> RecordCounts {
    RecordCounts {
        readable: totals.recorded,
        overwritten: 0,
    }
}

fn sum(cpus: &[Counters<Single>]) -> Totals {
    Totals::sum(|| cpus.iter())
}

#[test]
fn a_connect_may_return_elsewhere() {
    let cpus = [Counters::<Single>::new(), Counters::new()];
    cpus[0].enter();
    cpus[0].call();
    assert_eq!(sum(&cpus).in_flight, 1);
    cpus[1].finish(Verdict::Match, true, true, 5);

    let totals = sum(&cpus);
    assert_eq!((totals.called, totals.entered, totals.returned), (1, 1, 1));
    assert_eq!((totals.in_flight, totals.v4_mapped), (0, 1));
    assert_eq!(totals.with(Verdict::Match), 1);
    assert_eq!(
        Ledger::check(&totals, Some(&kept(&totals)), &totals),
        Ledger::Balanced
    );
}

#[test]
fn v4_mapped_is_counted_of_verdicts_on_offsets_only() {
    let cpus = [Counters::<Single>::new()];
    cpus[0].enter();
    cpus[0].finish(Verdict::Failed, true, true, 5);
    assert_eq!(sum(&cpus).v4_mapped, 0);
}

#[test]
fn a_refused_call_is_no_miss() {
    let cpus = [Counters::<Single>::new()];
    cpus[0].cap();
    cpus[0].call();
    cpus[0].call();
    let totals = sum(&cpus);
    assert_eq!((totals.capped, totals.missed()), (1, 1));
    let mut twice = totals;
    twice.add(&totals);
    assert_eq!(twice.capped, 2);
}

#[test]
fn entered_before_called_is_no_miss() {
    let cpus = [Counters::<Single>::new()];
    cpus[0].enter();
    assert_eq!(sum(&cpus).missed(), 0);
}

proptest! {
    /// Any sequence of events on any CPU leaves the ledger balanced after all returns.
    #[test]
    fn always_balanced(events in prop::collection::vec((0..4_usize, 0..4_usize, 0..6_usize, any::<bool>()), 0..200)) {
        let cpus: Vec<_> = (0..4).map(|_| Counters::<Single>::new()).collect();
        let mut missed = 0;
        let mut durations = [0; BUCKETS];
        for &(entry, exit, verdict, follow) in &events {
            if follow {
                cpus[entry].enter();
                let duration = [0, 1 << 10, 1 << 33, u64::MAX][exit];
                cpus[exit].finish(Verdict::ALL[verdict], false, verdict % 2 == 0, duration);
                durations[[0, 1, BUCKETS - 1, BUCKETS - 1][exit]] += 1;
            } else {
                missed += 1;
            }
            cpus[entry].call();
        }
        let totals = sum(&cpus);
        prop_assert_eq!(totals.called, events.len() as u64);
        prop_assert_eq!(totals.missed(), missed);
        prop_assert_eq!(totals.durations, durations);
        prop_assert_eq!(Ledger::check(&totals, Some(&kept(&totals)), &totals), Ledger::Balanced);
    }
}

/// A reader on another CPU during a connect must never see an unbalanced ledger.
mod concurrent {
    use loom::{sync::Arc, thread};

    use super::kept;
    use crate::{
        model::{
            counts::{
                counters::{Counters, Totals},
                ledger::Ledger,
            },
            verdict::Verdict,
            word::Word,
        },
        words::{explore, Checked, Unordered},
    };

    /// Connects one after the other. Each pair has the CPU of entry and the CPU of return.
    fn connects_and_a_reader<W: Word + 'static>(
        ways: &'static [(usize, usize)],
        check: fn(&Totals, &Totals),
    ) where
        Counters<W>: Send + Sync,
    {
        // Without this bound, the exploration takes more than ten minutes.
        explore(4, move || {
            let cpus = Arc::new([Counters::<W>::new(), Counters::new()]);
            let writer = {
                let cpus = cpus.clone();
                thread::spawn(move || {
                    for &(entry, exit) in ways {
                        cpus[entry].enter();
                        cpus[entry].call();
                        cpus[exit].finish(Verdict::Match, false, true, 5);
                    }
                })
            };
            let sum = || Totals::sum(|| cpus.iter());
            let first = sum();
            let second = sum();
            check(&first, &second);
            writer.join().unwrap();
            let end = sum();
            assert_eq!(
                Ledger::check(&end, Some(&kept(&end)), &end),
                Ledger::Balanced
            );
        });
    }

    fn not_unbalanced(first: &Totals, second: &Totals) {
        assert_ne!(
            Ledger::check(first, Some(&kept(second)), second),
            Ledger::Unbalanced
        );
    }

    fn none_missed(first: &Totals, second: &Totals) {
        assert_eq!(first.missed() + second.missed(), 0, "missed");
    }

    #[test]
    fn a_reader_never_sees_the_books_unbalanced() {
        connects_and_a_reader::<Checked>(&[(0, 0)], not_unbalanced);
    }

    #[test]
    fn nor_where_a_connect_moves_to_another_cpu() {
        connects_and_a_reader::<Checked>(&[(0, 1)], not_unbalanced);
    }

    #[test]
    fn a_reader_never_sees_a_miss_where_none_is() {
        connects_and_a_reader::<Checked>(&[(0, 0)], none_missed);
    }

    #[test]
    #[should_panic(expected = "Unbalanced")]
    fn without_order_the_books_are_unbalanced() {
        connects_and_a_reader::<Unordered>(&[(0, 0)], not_unbalanced);
    }

    #[test]
    #[should_panic(expected = "missed")]
    fn without_order_a_miss_is_seen() {
        connects_and_a_reader::<Unordered>(&[(0, 0)], none_missed);
    }
}
