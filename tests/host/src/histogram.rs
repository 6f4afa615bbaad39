// SPDX-License-Identifier: GPL-2.0

//! Buckets of durations.

use proptest::prelude::*;

use crate::model::counts::histogram::{bounded_bucket, BUCKETS, NAMES};

/// Returns the upper bound in a bucket's name.
fn bound(bucket: usize) -> Option<u64> {
    NAMES[bucket]
        .strip_prefix("connect_ns_below_")
        .map(|bound| bound.parse().unwrap())
}

#[test]
fn bounds_double_from_1024() {
    for number in 0..BUCKETS - 1 {
        assert_eq!(bound(number), Some(1024 << number));
    }
    assert_eq!(NAMES[BUCKETS - 1], "connect_ns_above");
}

proptest! {
    #[test]
    fn a_duration_is_in_the_first_bucket_whose_bound_it_is_below(exact in any::<u64>(), shift in 0..64_u32) {
        let duration = exact >> shift;
        let wanted = (0..BUCKETS)
            .find(|&number| bound(number).is_none_or(|bound| duration < bound))
            .unwrap();
        prop_assert_eq!(bounded_bucket(duration).unwrap_or(BUCKETS - 1), wanted);
    }
}
