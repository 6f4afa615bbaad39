// SPDX-License-Identifier: GPL-2.0

//! The last finding: a reader gets a complete finding or none.

use loom::{sync::Arc, thread};

use crate::{
    model::{
        last::{Finding, Last, Snapshot},
        verdict::Verdict,
        word::Word,
    },
    words::{explore, protocol, Single},
};

/// In the order of their publication.
const FINDINGS: [Finding; 3] = [
    Finding {
        offset: 0,
        expected: 0xbbbb_0001,
        verdict: Verdict::Changed,
    },
    Finding {
        offset: 0xaaaa_0002,
        expected: 0xaaaa_0002,
        verdict: Verdict::Match,
    },
    Finding {
        offset: 0xcccc_0003,
        expected: 0xdddd_0004,
        verdict: Verdict::Mismatch,
    },
];

#[test]
fn what_was_published_is_read() {
    let last = Last::<Single>::new();
    assert_eq!(last.read(), Snapshot::Nothing);
    for finding in FINDINGS {
        last.publish(finding);
        assert_eq!(last.read(), Snapshot::Finding(finding));
    }
}

fn findings_and_a_reader<W: Word + 'static>()
where
    Last<W>: Send + Sync,
{
    explore(3, || {
        let last = Arc::new(Last::<W>::new());
        let writer = {
            let last = last.clone();
            thread::spawn(move || FINDINGS.map(|finding| last.publish(finding)))
        };
        let mut newest = 0;
        for _ in 0..2 {
            if let Snapshot::Finding(finding) = last.read_within(1) {
                let number = FINDINGS.iter().position(|published| *published == finding);
                assert!(
                    number.is_some_and(|number| number >= newest),
                    "half a finding, or an earlier one: {finding:?}"
                );
                newest = number.unwrap_or(newest);
            }
        }
        writer.join().unwrap();
        assert_eq!(last.read(), Snapshot::Finding(FINDINGS[2]));
    });
}

protocol! {
    a_reader_sees_whole_findings_in_their_order: findings_and_a_reader,
    "half a finding, or an earlier one":
        without_order_it_does_not without ORDER,
        without_read_barrier_it_does_not without READ_BARRIER,
        without_write_barrier_it_does_not without WRITE_BARRIER,
}
