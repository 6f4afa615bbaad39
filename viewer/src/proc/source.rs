// SPDX-License-Identifier: GPL-2.0

//! All that tsoffset-top has read so far.

use std::time::Instant;

use anyhow::Result;

use super::{Events, Files};
use crate::{
    model::{failures::Failures, rates::Rates},
    options::Options,
};

/// The files, and what they contained.
pub struct Source {
    pub files: Files,
    pub events: Events,
    pub rates: Rates,
    pub failures: Failures,
}

impl Source {
    /// Finds the files, and reads none of them.
    pub fn new(options: &Options) -> Self {
        let files = Files::new(options);
        let events = Events::new(&files, !options.no_events);
        Self {
            files,
            events,
            rates: Rates::default(),
            failures: Failures::default(),
        }
    }

    /// Reads the files. The counts come last: they include the failures that were read.
    pub fn read(&mut self, now: Instant) -> Result<()> {
        self.events.read(&mut self.failures);
        self.rates.push(now, self.files.stats()?);
        Ok(())
    }
}
