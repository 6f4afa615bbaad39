// SPDX-License-Identifier: GPL-2.0

//! Counters of outcomes, and verdicts on closed sockets.

use crate::{
    model::{
        records::{accepted::Accepted, failure::Reason, socket_event::Outcome},
        sockets::outcomes::{AtClose, Begun, OutcomeTotals, Outcomes},
    },
    words::Single,
};

#[test]
fn only_what_nothing_explains_is_rewritten() {
    let kept = [(7, 7, false), (7, 7, true), (0, 0, false)];
    let unjudged = [
        (8, 7, true),
        // tcp_timestamps was not 1 at the connect, but is 1 at the close.
        (0, 7, false),
        // tcp_timestamps is no longer 1.
        (8, 0, false),
    ];
    for (found, cases) in [
        (AtClose::Kept, &kept[..]),
        (AtClose::Rewritten, &[(8, 7, false)]),
        (AtClose::Unjudged, &unjudged),
    ] {
        for &(offset, expected, repaired) in cases {
            assert_eq!(AtClose::judge(offset, expected, repaired), found);
        }
    }
}

#[test]
fn each_is_counted_where_it_belongs() {
    let cpus = [Outcomes::<Single>::new(), Outcomes::new()];
    for outcome in Outcome::ALL {
        cpus[0].start(match outcome {
            Outcome::Closed => Begun::Overflow,
            Outcome::Error => Begun::Capped,
            _ => Begun::Tracked,
        });
        for times in 0..=outcome as usize {
            cpus[1].end(outcome, times == 0);
        }
    }
    for (found, times) in [
        (AtClose::Kept, 1),
        (AtClose::Rewritten, 2),
        (AtClose::Unjudged, 3),
    ] {
        for _ in 0..times {
            cpus[0].close(found);
        }
    }
    cpus[0].record(true);
    cpus[1].record(false);
    cpus[1].record(false);
    for repair in 0..5 {
        if repair > 1 {
            cpus[0].enter_repair();
        }
        cpus[0].call_repair();
        cpus[1].mark_repair(repair == 4);
    }
    for socket in 0..7 {
        cpus[0].accept_other();
        if socket > 3 {
            cpus[0].mark_accepted(socket == 6);
        }
    }

    for reason in Reason::ALL {
        for times in 0..=reason as usize {
            cpus[times % 2].fail(reason, times != 0);
        }
    }

    for verdict in Accepted::ALL {
        for times in 0..=verdict as usize {
            cpus[1].accept(verdict, times == 0);
        }
    }

    for call in 0..6 {
        cpus[call % 2].call_syn_cookie();
        if call < 4 {
            cpus[call % 2].enter_syn_cookie();
        }
    }
    cpus[1].overflow_syn_cookie();
    for _ in 0..3 {
        cpus[0].accept_owned();
    }

    let once = OutcomeTotals {
        begun: 7,
        overflow: 2,
        capped: 1,
        ended: [1, 2, 3, 4, 5, 6, 7],
        untimed: 21,
        kept: 1,
        rewritten: 2,
        unjudged: 3,
        recorded: 1,
        filtered: 2,
        repairs_called: 5,
        repairs_entered: 3,
        // The bits of accepted sockets count like those of setsockopt().
        repairs_noted: 4 + 2,
        repairs_shared: 1 + 1,
        accepted_other: 7,
        failed: [1, 2, 3, 4, 5, 6, 7, 8, 9],
        failures_recorded: 45 - 9,
        failures_filtered: 9,
        accepted: [1, 2, 3, 4, 5, 6],
        accepts_recorded: 6,
        accepts_filtered: 15,
        accepted_owned: 3,
        syn_cookies_called: 6,
        syn_cookies_entered: 4,
        syn_cookies_overflow: 1,
    };
    let sum = OutcomeTotals::sum(cpus.iter());
    assert_eq!(sum, once);
    assert_eq!(sum.with(Outcome::Closed), 7);
    assert_eq!(sum.repairs_missed(), 2);
    assert_eq!(sum.syn_cookies_missed(), 2 + 1);

    let mut twice = sum;
    twice.add(&sum);
    assert_eq!(twice.untimed, 42);
    assert_eq!((twice.repairs_noted, twice.repairs_shared), (12, 4));
    assert_eq!(twice.accepted_other, 14);
    assert_eq!(twice.ended, [2, 4, 6, 8, 10, 12, 14]);
    assert_eq!(twice.filtered + twice.recorded, 6);
    assert_eq!(twice.failed[8], 18);
    assert_eq!(twice.accepted, [2, 4, 6, 8, 10, 12]);
    assert_eq!((twice.accepts_recorded, twice.accepts_filtered), (12, 30));
    assert_eq!((twice.accepted_owned, twice.syn_cookies_missed()), (6, 6));
    assert_eq!((twice.failures_recorded, twice.failures_filtered), (72, 18));
}
