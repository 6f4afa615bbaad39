// SPDX-License-Identifier: GPL-2.0

//! tsoffset-top shows the counts of the tsoffset module on a terminal, as plain text, or as JSON. The program reads `/proc` only.
//!
//! `proc` reads files, `model` judges their contents, and `report` and `screen` show them. `proc` uses `model`; `report` and
//! `screen` use both.

use std::{io::Write, process::ExitCode};

use clap::Parser;

mod model;
mod options;
mod proc;
mod report;
mod screen;

use options::Options;

fn main() -> ExitCode {
    let options = Options::parse();
    let result = if options.json {
        report::json::run(&options)
    } else if options.once {
        report::text::run(&options)
    } else {
        screen::run(&options)
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // The reader has read enough.
        Err(error) if broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // A terminal that is gone takes no message.
            let _ = writeln!(std::io::stderr(), "tsoffset-top: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn broken_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}
