// SPDX-License-Identifier: GPL-2.0

//! Runs a command without a capability, like a container manager that drops most of them.

use std::{os::unix::process::CommandExt, process::Command};

use anyhow::{Context, Result};
use caps::{CapSet, Capability};
use clap::Args;

#[derive(Args)]
pub struct Options {
    /// Capability, such as CAP_SETFCAP
    capability: Capability,
    /// Command to run
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<String>,
}

pub fn run(options: &Options) -> Result<()> {
    // execve() gives root the capabilities of the bounding set (capabilities(7)).
    caps::drop(None, CapSet::Bounding, options.capability)
        .with_context(|| format!("cannot drop {}", options.capability))?;
    let (program, arguments) = (&options.command[0], &options.command[1..]);
    Err(Command::new(program).args(arguments).exec())
        .with_context(|| format!("cannot run {program}"))
}
