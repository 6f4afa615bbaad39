// SPDX-License-Identifier: GPL-2.0

//! The witness's counters: a sum never shows a part larger than its whole.

use loom::{sync::Arc, thread};

use crate::{
    model::{
        witness::{
            overlap::Overlap,
            readers::{ReaderTotals, Readers},
        },
        word::Word,
    },
    words::{protocol, Single},
};

const CERTAIN: Overlap = Overlap::Possible {
    certain: true,
    judged: false,
};

#[test]
fn each_is_counted_where_it_belongs() {
    let cpus = [Readers::<Single>::new(), Readers::new()];
    for (overlap, returns_on) in [
        (Overlap::None, 0),
        (CERTAIN, 1),
        (
            Overlap::Possible {
                certain: false,
                judged: true,
            },
            0,
        ),
    ] {
        cpus[0].enter();
        cpus[0].call();
        cpus[returns_on].finish(overlap);
    }
    cpus[1].call();
    cpus[1].found_torn(0);
    cpus[1].found_torn(2);
    cpus[0].overflow();
    cpus[1].cap();
    cpus[0].call();

    let totals = ReaderTotals::sum(|| cpus.iter());
    assert_eq!(
        totals,
        ReaderTotals {
            called: 5,
            capped: 1,
            entered: 3,
            possible: 2,
            certain: 1,
            unjudged: 1,
            torn: 2,
            overflow: 1,
        }
    );
    assert_eq!(totals.missed(), 1);
}

fn a_read_and_a_sum<W: Word + 'static>()
where
    Readers<W>: Send + Sync,
{
    loom::model(|| {
        let cpus = Arc::new([Readers::<W>::new(), Readers::new()]);
        let reader = {
            let cpus = cpus.clone();
            thread::spawn(move || {
                cpus[0].enter();
                cpus[0].call();
                cpus[1].finish(CERTAIN);
            })
        };
        let sum = ReaderTotals::sum(|| cpus.iter());
        assert!(
            sum.certain <= sum.possible && sum.possible <= sum.entered && sum.called <= sum.entered,
            "a part is larger than its whole: {sum:?}"
        );
        reader.join().unwrap();
    });
}

protocol! {
    parts_are_never_larger_than_their_whole: a_read_and_a_sum,
    "larger than its whole":
        without_order_they_are without ORDER,
}
