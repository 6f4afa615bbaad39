// SPDX-License-Identifier: GPL-2.0

//! The rules of the verdict.

use proptest::{prelude::*, sample::select};

use crate::model::verdict::{Observation, Verdict};

const FINE: Observation = Observation {
    error: 0,
    repair: false,
    offset: 0x1234_5678,
    expected: 0x1234_5678,
    timestamps_at_entry: 1,
    timestamps_at_return: 1,
};

/// Returns the verdict; nothing explains another offset.
fn judge(observation: &Observation) -> Verdict {
    observation.judge(|| Verdict::Mismatch)
}

#[test]
fn the_same_offset_is_a_match() {
    assert_eq!(judge(&FINE), Verdict::Match);
}

#[test]
fn another_offset_is_a_mismatch() {
    let observation = Observation { offset: 1, ..FINE };
    assert_eq!(judge(&observation), Verdict::Mismatch);
}

#[test]
fn no_offset_where_there_has_to_be_one_is_a_mismatch() {
    let observation = Observation { offset: 0, ..FINE };
    assert_eq!(judge(&observation), Verdict::Mismatch);
}

#[test]
fn zero_is_right_where_the_sysctl_says_so() {
    for value in [0, 2] {
        let observation = Observation {
            offset: 0,
            expected: 0,
            timestamps_at_entry: value,
            timestamps_at_return: value,
            ..FINE
        };
        assert_eq!(judge(&observation), Verdict::Zero);
        let observation = Observation {
            offset: 7,
            ..observation
        };
        assert_eq!(judge(&observation), Verdict::Mismatch);
    }
}

#[test]
fn a_write_that_left_the_value_as_it_was_explains_another_offset() {
    let observation = Observation { offset: 0, ..FINE };
    assert_eq!(observation.judge(|| Verdict::Changed), Verdict::Changed);
}

#[test]
fn a_hash_that_disagrees_with_itself_judges_nothing() {
    for (error, verdict) in [(0, Verdict::Unjudged), (-1, Verdict::Failed)] {
        let observation = Observation {
            error,
            offset: 1,
            ..FINE
        };
        assert_eq!(observation.judge(|| Verdict::Unjudged), verdict);
    }
}

/// The explanation takes a hash: only an offset that needs one gets it.
#[test]
fn only_another_offset_is_explained() {
    let never = || panic!("explained");
    FINE.judge(never);
    for observation in [
        Observation { error: -1, ..FINE },
        Observation {
            repair: true,
            ..FINE
        },
        Observation {
            timestamps_at_return: 0,
            ..FINE
        },
    ] {
        Observation {
            offset: 1,
            ..observation
        }
        .judge(never);
    }
}

fn observations() -> impl Strategy<Value = Observation> {
    (
        prop_oneof![Just(0), -4095..0_i32],
        any::<bool>(),
        prop_oneof![Just(0_u32), Just(7), any::<u32>()],
        prop_oneof![Just(0_u32), Just(7), any::<u32>()],
        0..=2_u8,
        0..=2_u8,
    )
        .prop_map(
            |(error, repair, offset, expected, entry, at_return)| Observation {
                error,
                repair,
                offset,
                expected,
                timestamps_at_entry: entry,
                timestamps_at_return: at_return,
            },
        )
}

fn explanations() -> impl Strategy<Value = Verdict> {
    select(vec![Verdict::Changed, Verdict::Mismatch, Verdict::Unjudged])
}

proptest! {
    #[test]
    fn failed_exactly_on_error(seen in observations(), other in explanations()) {
        prop_assert_eq!(seen.judge(|| other) == Verdict::Failed, seen.error != 0);
    }

    #[test]
    fn a_mismatch_has_no_excuse(seen in observations(), other in explanations()) {
        if seen.judge(|| other) == Verdict::Mismatch {
            prop_assert_eq!(seen.error, 0);
            prop_assert!(!seen.repair);
            prop_assert_eq!(other, Verdict::Mismatch);
            prop_assert_eq!(seen.timestamps_at_entry, seen.timestamps_at_return);
            prop_assert_ne!(seen.offset, seen.expected);
        }
    }

    #[test]
    fn match_and_zero_are_equal_offsets(seen in observations(), other in explanations()) {
        if matches!(seen.judge(|| other), Verdict::Match | Verdict::Zero) {
            prop_assert_eq!(seen.offset, seen.expected);
        }
    }

    /// A handler asks `is_match` first, and goes on with the values of `of_match`.
    #[test]
    fn a_match_is_a_match(seen in observations(), other in explanations()) {
        prop_assert_eq!(seen.is_match(), seen.judge(|| other) == Verdict::Match);
        if seen.is_match() {
            prop_assert_eq!(seen, Observation::of_match(seen.offset));
        }
    }

    #[test]
    fn numbers_and_order_of_all_agree(seen in observations(), other in explanations()) {
        let verdict = seen.judge(|| other);
        prop_assert_eq!(Verdict::ALL[verdict as usize], verdict);
    }
}
