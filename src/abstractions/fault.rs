// SPDX-License-Identifier: GPL-2.0

//! Calls of the kernel that fail on request, in the variant `fault`: the tests' module.
//!
//! Memory the kernel itself can make fail (`/proc/self/fail-nth`); registrations and per-CPU memory it cannot
//! (`fail_function` takes functions on a list, on which they are not). So each of them passes a [`point`] first. In
//! every other build that is nothing.

use super::compat::prelude::*;
#[cfg(tsoffset_variant = "fault")]
use super::marked::SharedCounter;

/// How many points were passed since the module was loaded.
#[cfg(tsoffset_variant = "fault")]
static PASSED: SharedCounter = SharedCounter::new();

/// Which of them fails, from 1; 0: none.
#[cfg(tsoffset_variant = "fault")]
static FAILING: SharedCounter = SharedCounter::new();

/// Lets the point of that number fail, counted from 1. Before the first one.
#[cfg(tsoffset_variant = "fault")]
pub(crate) fn arm(number: u32) {
    for _ in 0..number {
        FAILING.increment();
    }
}

/// What comes next can fail. Fails with `ENOMEM` where this is the one that has to.
#[cfg(tsoffset_variant = "fault")]
pub(crate) fn point() -> Result {
    PASSED.increment();
    if PASSED.load_acquire() == FAILING.load_acquire() {
        return Err(ENOMEM);
    }
    Ok(())
}

/// What comes next can fail.
#[cfg(not(tsoffset_variant = "fault"))]
#[inline(always)]
pub(crate) fn point() -> Result {
    Ok(())
}
