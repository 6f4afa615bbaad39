// SPDX-License-Identifier: GPL-2.0

//! Reads a file on standard input in several ways, which must give the same result.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    os::fd::AsFd,
};

use anyhow::{ensure, Result};

pub fn run() -> Result<()> {
    let mut file = File::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    let mut whole = Vec::new();
    file.read_to_end(&mut whole)?;

    for step in [1, 7, 100, 4096, 1 << 20] {
        file.seek(SeekFrom::Start(0))?;
        let mut again = Vec::new();
        let mut buffer = vec![0; step];
        loop {
            match file.read(&mut buffer)? {
                0 => break,
                n => again.extend_from_slice(&buffer[..n]),
            }
        }
        ensure!(again == whole, "reading {step} bytes at a time differs");
    }
    for from in [
        0,
        1,
        whole.len() / 2,
        whole.len().saturating_sub(1),
        whole.len(),
    ] {
        file.seek(SeekFrom::Start(from as u64))?;
        let mut rest = Vec::new();
        file.read_to_end(&mut rest)?;
        ensure!(rest == whole[from..], "reading from {from} differs");
    }
    println!("bytes {}", whole.len());
    Ok(())
}
