// SPDX-License-Identifier: GPL-2.0

//! The counters and their sums.

use proptest::prelude::*;

use crate::{
    core::{
        counters::{Counters, Totals},
        ledger::Ledger,
        verdict::Verdict,
    },
    words::Single,
};

fn sum(cpus: &[Counters<Single>]) -> Totals {
    Totals::sum(|| cpus.iter())
}

#[test]
fn a_connect_may_return_elsewhere() {
    let cpus = [Counters::<Single>::new(), Counters::new()];
    cpus[0].enter();
    cpus[0].call();
    assert_eq!(sum(&cpus).in_flight, 1);
    cpus[1].finish(Verdict::Match, true);

    let totals = sum(&cpus);
    assert_eq!((totals.called, totals.entered, totals.returned), (1, 1, 1));
    assert_eq!((totals.in_flight, totals.v4_mapped), (0, 1));
    assert_eq!(totals.with(Verdict::Match), 1);
    assert_eq!(Ledger::check(&totals, &totals), Ledger::Balanced);
}

#[test]
fn v4_mapped_is_counted_of_verdicts_on_offsets_only() {
    let cpus = [Counters::<Single>::new()];
    cpus[0].enter();
    cpus[0].finish(Verdict::Failed, true);
    assert_eq!(sum(&cpus).v4_mapped, 0);
}

#[test]
fn entered_before_called_is_no_miss() {
    let cpus = [Counters::<Single>::new()];
    cpus[0].enter();
    assert_eq!(sum(&cpus).missed(), 0);
}

proptest! {
    /// Whatever happens on whichever CPU, the books balance when all have returned.
    #[test]
    fn always_balanced(events in prop::collection::vec((0..4_usize, 0..4_usize, 0..6_usize, any::<bool>()), 0..200)) {
        let cpus: Vec<_> = (0..4).map(|_| Counters::<Single>::new()).collect();
        let mut missed = 0;
        for &(entry, exit, verdict, follow) in &events {
            if follow {
                cpus[entry].enter();
                cpus[exit].finish(Verdict::ALL[verdict], false);
            } else {
                missed += 1;
            }
            cpus[entry].call();
        }
        let totals = sum(&cpus);
        prop_assert_eq!(totals.called, events.len() as u64);
        prop_assert_eq!(totals.missed(), missed);
        prop_assert_eq!(Ledger::check(&totals, &totals), Ledger::Balanced);
    }
}

/// What a reader on another CPU may say while a connect goes by: never that the books are wrong.
mod concurrent {
    use loom::{sync::Arc, thread};

    use crate::{
        core::{
            counters::{Counters, Totals},
            ledger::Ledger,
            verdict::Verdict,
            word::Word,
        },
        words::{Checked, Unordered},
    };

    fn one_connect_and_a_reader<W: Word + 'static>()
    where
        Counters<W>: Send + Sync,
    {
        loom::model(|| {
            let counters = Arc::new(Counters::<W>::new());
            let writer = {
                let counters = counters.clone();
                thread::spawn(move || {
                    counters.enter();
                    counters.call();
                    counters.finish(Verdict::Match, false);
                })
            };
            let sum = || Totals::sum(|| std::iter::once(&*counters));
            let first = sum();
            let second = sum();
            assert_ne!(Ledger::check(&first, &second), Ledger::Unbalanced);
            writer.join().unwrap();
            let end = sum();
            assert_eq!(Ledger::check(&end, &end), Ledger::Balanced);
        });
    }

    #[test]
    fn a_reader_never_sees_the_books_unbalanced() {
        one_connect_and_a_reader::<Checked>();
    }

    #[test]
    #[should_panic(expected = "Unbalanced")]
    fn without_order_it_does() {
        one_connect_and_a_reader::<Unordered>();
    }
}
