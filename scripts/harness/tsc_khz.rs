// SPDX-License-Identifier: GPL-2.0

//! Prints the frequency of this machine's time stamp counter, in kHz.

use std::{
    arch::x86_64::_rdtsc,
    thread::sleep,
    time::{
        Duration,
        Instant, //
    },
};

fn main() {
    let begin = Instant::now();
    // SAFETY: Every x86-64 processor has the time stamp counter.
    let first = unsafe { _rdtsc() };
    // The time between the two reads of each pair is negligible against this.
    sleep(Duration::from_millis(50));
    let elapsed = begin.elapsed();
    // SAFETY: As above.
    let last = unsafe { _rdtsc() };
    println!(
        "{}",
        u128::from(last - first) * 1_000_000 / elapsed.as_nanos()
    );
}
