// SPDX-License-Identifier: GPL-2.0

//! The counts and the failures for scripts: as text and as JSON.

pub mod json;
pub mod text;

use std::{thread, time::Instant};

use anyhow::Result;

use crate::{options::Options, proc::Source};

/// Reads the files for a single report: twice, if the user asked for rates.
fn read_once(options: &Options) -> Result<Source> {
    let mut source = Source::new(options);
    source.read(Instant::now())?;
    if let Some(interval) = options.wait() {
        thread::sleep(interval);
        source.read(Instant::now())?;
    }
    Ok(source)
}
