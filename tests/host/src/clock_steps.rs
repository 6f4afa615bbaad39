// SPDX-License-Identifier: GPL-2.0

//! The steps of the wall clock: each record gets the wall-clock time of its own moment, or none.

use loom::{sync::Arc, thread};
use proptest::{collection::vec, prelude::*};

use crate::{
    model::{clock_steps::ClockSteps, word::Word},
    words::{explore, protocol, Single},
};

/// Returns the difference from the step at `since` on.
fn difference(since: u64) -> u64 {
    since.wrapping_mul(1_000)
}

#[test]
fn without_a_step_nothing_is_known() {
    assert_eq!(ClockSteps::<Single, 4>::new().realtime(7), None);
}

/// Returns steps at these times, to these differences.
fn stepped(steps: &[(u64, u64)]) -> ClockSteps<Single, 4> {
    let stepped = ClockSteps::new();
    for &(since, difference) in steps {
        stepped.push(since, difference);
    }
    stepped
}

#[test]
fn the_first_step_holds_for_earlier_times() {
    let steps = stepped(&[(100, 1_000)]);
    assert_eq!(
        [99, 100].map(|time| steps.realtime(time)),
        [1_099, 1_100].map(Some)
    );
}

#[test]
fn a_clock_can_be_set_back() {
    let steps = stepped(&[(100, 1_000), (200, 900_u64.wrapping_neg())]);
    assert_eq!(
        [199, 1_000].map(|time| steps.realtime(time)),
        [1_199, 100].map(Some)
    );
}

/// A suspend is reported as a step, and is none.
#[test]
fn a_report_without_a_step_takes_no_place() {
    let steps = stepped(&[(100, 1_000), (200, 2_000)]);
    for since in 201..220 {
        steps.push(since, 2_000);
    }
    assert_eq!(steps.realtime(199), Some(1_199));
    assert_eq!(steps.realtime(210), Some(2_210));
}

proptest! {
    /// The last `N - 1` steps are known. An earlier time has no wall-clock time, and never a wrong one.
    #[test]
    fn each_time_has_its_own_step(gaps in vec(1..5_u64, 1..12), time in 0..60_u64) {
        let steps = ClockSteps::<Single, 4>::new();
        let mut starts = Vec::new();
        let mut since = 0;
        for gap in gaps {
            since += gap;
            steps.push(since, difference(since));
            starts.push(since);
        }
        let known = &starts[starts.len().saturating_sub(3)..];
        let wanted = match known.iter().rev().find(|&&since| since <= time) {
            Some(&since) => Some(time + difference(since)),
            None if starts.len() <= 3 => Some(time + difference(starts[0])),
            None => None,
        };
        prop_assert_eq!(steps.realtime(time), wanted);
    }
}

/// Three steps into two slots, while a reader asks for a time that each of them can be the last for.
fn three_steps_and_a_reader<W: Word + 'static>()
where
    ClockSteps<W, 2>: Send + Sync,
{
    explore(3, || {
        let steps = Arc::new(ClockSteps::<W, 2>::new());
        let writer = {
            let steps = steps.clone();
            thread::spawn(move || {
                for since in 1..=3 {
                    steps.push(since, difference(since));
                }
            })
        };
        if let Some(realtime) = steps.realtime(9) {
            assert!(
                (1..=3).any(|since| realtime == 9 + difference(since)),
                "half a step"
            );
        }
        if let Some(realtime) = steps.realtime(1) {
            assert_eq!(realtime, 1 + difference(1), "half a step");
        }
        writer.join().unwrap();
        assert_eq!(steps.realtime(9), Some(9 + difference(3)));
    });
}

protocol! {
    a_reader_never_sees_half_a_step: three_steps_and_a_reader,
    "half a step":
        without_read_barrier_it_does without READ_BARRIER,
        without_write_barrier_it_does without WRITE_BARRIER,
}
