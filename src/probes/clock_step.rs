// SPDX-License-Identifier: GPL-2.0

//! Steps of the wall clock.

use kernel::sync::Arc;

use crate::{
    abstractions::clock_steps,
    state::State, //
};

/// Keeps the steps, for the readers of records.
pub(crate) struct ClockProbe(pub(crate) Arc<State>);

impl clock_steps::Handler for ClockProbe {
    fn stepped(&self, since: u64, difference: u64) {
        self.0.clock_steps.push(since, difference);
    }
}
