// SPDX-License-Identifier: GPL-2.0

//! The counts and the failures for scripts: as text and as JSON.

pub mod json;
pub mod text;

use std::{thread, time::Instant};

use anyhow::Result;

use crate::{
    model::{failures::Failures, rates::Rates},
    options::Options,
    proc::{Events, Files},
};

/// What a report is about.
struct Source {
    files: Files,
    events: Events,
    rates: Rates,
    failures: Failures,
}

impl Source {
    fn new(options: &Options) -> Self {
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
    fn read(&mut self) -> Result<()> {
        self.events.read(&mut self.failures);
        self.rates.push(Instant::now(), self.files.stats()?);
        Ok(())
    }

    /// Reads the files for a single report: twice, if the user asked for rates.
    fn read_once(&mut self, options: &Options) -> Result<()> {
        self.read()?;
        if let Some(interval) = options.wait() {
            thread::sleep(interval);
            self.read()?;
        }
        Ok(())
    }
}
