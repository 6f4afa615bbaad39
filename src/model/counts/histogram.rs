// SPDX-License-Identifier: GPL-2.0

//! A histogram of call durations, in buckets of powers of two.

/// Number of buckets: one below 2^10 ns (1 us), one for each power of two, and one from 2^33 ns (8.6 s) on.
pub(crate) const BUCKETS: usize = 25;

/// Binary logarithm of the first bucket's bound, in nanoseconds.
const FIRST: u32 = 10;

/// The names of the buckets' lines in `stats`: each has the bucket's upper bound.
pub(crate) const NAMES: [&str; BUCKETS] = [
    "connect_ns_below_1024",
    "connect_ns_below_2048",
    "connect_ns_below_4096",
    "connect_ns_below_8192",
    "connect_ns_below_16384",
    "connect_ns_below_32768",
    "connect_ns_below_65536",
    "connect_ns_below_131072",
    "connect_ns_below_262144",
    "connect_ns_below_524288",
    "connect_ns_below_1048576",
    "connect_ns_below_2097152",
    "connect_ns_below_4194304",
    "connect_ns_below_8388608",
    "connect_ns_below_16777216",
    "connect_ns_below_33554432",
    "connect_ns_below_67108864",
    "connect_ns_below_134217728",
    "connect_ns_below_268435456",
    "connect_ns_below_536870912",
    "connect_ns_below_1073741824",
    "connect_ns_below_2147483648",
    "connect_ns_below_4294967296",
    "connect_ns_below_8589934592",
    "connect_ns_above",
];

/// The same for connects of IPv4.
pub(crate) const NAMES_V4: [&str; BUCKETS] = [
    "connect_v4_ns_below_1024",
    "connect_v4_ns_below_2048",
    "connect_v4_ns_below_4096",
    "connect_v4_ns_below_8192",
    "connect_v4_ns_below_16384",
    "connect_v4_ns_below_32768",
    "connect_v4_ns_below_65536",
    "connect_v4_ns_below_131072",
    "connect_v4_ns_below_262144",
    "connect_v4_ns_below_524288",
    "connect_v4_ns_below_1048576",
    "connect_v4_ns_below_2097152",
    "connect_v4_ns_below_4194304",
    "connect_v4_ns_below_8388608",
    "connect_v4_ns_below_16777216",
    "connect_v4_ns_below_33554432",
    "connect_v4_ns_below_67108864",
    "connect_v4_ns_below_134217728",
    "connect_v4_ns_below_268435456",
    "connect_v4_ns_below_536870912",
    "connect_v4_ns_below_1073741824",
    "connect_v4_ns_below_2147483648",
    "connect_v4_ns_below_4294967296",
    "connect_v4_ns_below_8589934592",
    "connect_v4_ns_above",
];

/// Returns the bucket of a duration in nanoseconds; `None` is the last bucket, which has no upper bound.
#[inline]
pub(crate) fn bounded_bucket(duration: u64) -> Option<usize> {
    // With the low bits set, the logarithm needs no case for 0 or for the first bucket.
    let log = (duration | ((1 << FIRST) - 1)).ilog2() as usize;
    let bucket = log + 1 - FIRST as usize;
    (bucket < BUCKETS - 1).then_some(bucket)
}
