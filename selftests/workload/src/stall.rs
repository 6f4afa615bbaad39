// SPDX-License-Identifier: GPL-2.0

//! Stalls within a read: the page for the data is never provided.

use std::{fs::File, os::fd::AsRawFd, path::PathBuf, thread};

use anyhow::{bail, Result};
use clap::Args;

use crate::absent::AbsentPage;

#[derive(Args)]
pub struct Options {
    /// File to read
    file: PathBuf,
}

pub fn run(options: &Options) -> Result<()> {
    let file = File::open(&options.file)?;
    let page = AbsentPage::new()?;
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            #[expect(
                unsafe_code,
                reason = "a buffer whose contents are not there has no safe type"
            )]
            // SAFETY: The page has this size, and only the kernel writes it.
            unsafe {
                libc::read(file.as_raw_fd(), page.as_ptr(), 64)
            }
        });
        if let Err(error) = page.wait_for_fault() {
            page.provide()?;
            return Err(error);
        }
        println!("stalled");
        // The thread never ends until the process is killed.
        let size = reader.join().expect("a thread panicked");
        bail!("the read returned {size}");
    })
}
