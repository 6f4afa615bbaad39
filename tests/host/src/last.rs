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

const FINDINGS: [Finding; 2] = [
    Finding {
        offset: 0xaaaa_0001,
        expected: 0xaaaa_0001,
        verdict: Verdict::Match,
    },
    Finding {
        offset: 0,
        expected: 0xbbbb_0002,
        verdict: Verdict::Changed,
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

fn two_findings_and_a_reader<W: Word + 'static>()
where
    Last<W>: Send + Sync,
{
    explore(3, || {
        let last = Arc::new(Last::<W>::new());
        let writer = {
            let last = last.clone();
            thread::spawn(move || FINDINGS.map(|finding| last.publish(finding)))
        };
        if let Snapshot::Finding(finding) = last.read_within(2) {
            assert!(FINDINGS.contains(&finding), "torn: {finding:?}");
        }
        writer.join().unwrap();
        assert_eq!(last.read(), Snapshot::Finding(FINDINGS[1]));
    });
}

protocol! {
    a_reader_never_sees_half_a_finding: two_findings_and_a_reader,
    "torn":
        without_order_it_does without ORDER,
}
