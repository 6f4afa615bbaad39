// SPDX-License-Identifier: GPL-2.0

//! Makes random calls on files, and loads a module with random parameters. Searches everything that is read for
//! kernel addresses.

use std::{
    collections::BTreeMap,
    ffi::CString,
    fs::{File, OpenOptions},
    io,
    os::{
        fd::{AsFd, AsRawFd},
        unix::fs::OpenOptionsExt,
    },
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{bail, ensure, Context, Result};
use clap::Args;
use fastrand::Rng;
use nix::{
    errno::Errno,
    kmod::{delete_module, finit_module, DeleteModuleFlags, ModuleInitFlags},
    poll::{poll, PollFd, PollFlags, PollTimeout},
    sys::uio::{pread, pwrite},
    unistd::{self, Whence},
};

#[derive(Args)]
pub struct Options {
    /// Files, or with --load, parameters
    #[arg(required = true)]
    names: Vec<String>,
    /// Load this module with the parameters instead
    #[arg(long)]
    load: Option<PathBuf>,
    /// Duration in seconds
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Seed of the random numbers: the same seed makes the same calls
    #[arg(long)]
    seed: Option<u64>,
}

/// Words for filter texts: some of the filter's grammar, some invalid.
const WORDS: [&str; 16] = [
    "clear",
    "uid=",
    "dport=443",
    "sport=!1",
    "daddr=::/0",
    "saddr=10.0.0.0/8",
    "netns=",
    "verdict=match,zero",
    "errno=111",
    "pid=1",
    "tgid=!",
    "!",
    ",",
    "=",
    "18446744073709551616",
    "::ffff:1.2.3.4/129",
];

pub fn run(options: &Options) -> Result<()> {
    let seed = options.seed.unwrap_or_else(|| Rng::new().u64(..));
    // The seed is printed first, because a later call can crash the kernel.
    println!("seed {seed}");
    let mut rng = Rng::with_seed(seed);
    let end = Instant::now() + Duration::from_secs(options.seconds);
    let mut counts = BTreeMap::<String, u64>::new();
    while Instant::now() < end {
        let outcome = match &options.load {
            Some(module) => load(&mut rng, module, &options.names)?,
            None => files(&mut rng, &options.names)?,
        };
        for name in outcome {
            *counts.entry(name).or_default() += 1;
        }
    }
    for (name, count) in counts {
        println!("{name} {count}");
    }
    Ok(())
}

/// Returns a text for the filter. Two of eight texts are valid. The others have words of the grammar in any
/// order, and random bytes.
fn text(rng: &mut Rng) -> Vec<u8> {
    match rng.u8(..8) {
        0 => return b"clear\n".to_vec(),
        1 => {
            return format!(
                "uid=!{} dport={},{} daddr=::/{}\n",
                rng.u32(..),
                rng.u16(..),
                rng.u16(..),
                rng.u8(..=128)
            )
            .into_bytes()
        }
        _ => {}
    }
    let mut text = Vec::new();
    for _ in 0..rng.usize(0..8) {
        text.extend_from_slice(WORDS[rng.usize(..WORDS.len())].as_bytes());
        if rng.bool() {
            text.extend_from_slice(rng.u64(..).to_string().as_bytes());
        }
        text.push(b" \n,=\0"[rng.usize(..5)]);
    }
    for _ in 0..rng.usize(0..3) {
        if !text.is_empty() {
            let at = rng.usize(..text.len());
            text[at] = rng.u8(..);
        }
    }
    if rng.u8(..) == 0 {
        text.resize(rng.usize(4000..9000), b'1');
    }
    text
}

/// Returns the name under which a call's result is counted.
fn ended<T>(what: &str, result: Result<T, Errno>) -> (String, Option<T>) {
    match result {
        Ok(value) => (format!("{what}_ok"), Some(value)),
        Err(error) => (format!("{what}_{error:?}"), None),
    }
}

/// Opens a file with random flags, and makes a few calls on it.
fn files(rng: &mut Rng, names: &[String]) -> Result<Vec<String>> {
    let name = &names[rng.usize(..names.len())];
    let mut outcomes = Vec::new();
    let (read, write) = [(true, false), (false, true), (true, true)][rng.usize(..3)];
    // Nonblocking, because reads of events would wait.
    let flags =
        [0, libc::O_APPEND, libc::O_DIRECT, libc::O_NOFOLLOW][rng.usize(..4)] | libc::O_NONBLOCK;
    let opened = OpenOptions::new()
        .read(read)
        .write(write)
        .custom_flags(flags)
        .open(name);
    let file = match opened {
        Ok(file) => file,
        Err(error) => return Ok(vec![format!("open_{:?}", errno(&error))]),
    };
    outcomes.push(format!(
        "opened_{}",
        name.rsplit('/').next().unwrap_or(name)
    ));
    for _ in 0..rng.usize(1..8) {
        outcomes.push(once(rng, &file)?);
    }
    Ok(outcomes)
}

fn once(rng: &mut Rng, file: &File) -> Result<String> {
    let mut buffer = vec![0; [0, 1, 7, 100, 4096, 70_000][rng.usize(..6)]];
    let far = if rng.bool() {
        rng.i64(-100..100_000)
    } else {
        rng.i64(..)
    };
    let (name, read) = match rng.usize(..7) {
        0 | 1 => ended("read", unistd::read(file.as_raw_fd(), &mut buffer)),
        2 => ended("pread", pread(file, &mut buffer, far)),
        3 => {
            let (name, _) = ended("write", unistd::write(file, &text(rng)));
            (name, None)
        }
        4 => {
            let (name, _) = ended("pwrite", pwrite(file, &text(rng), far));
            (name, None)
        }
        5 => {
            let whence = [Whence::SeekSet, Whence::SeekCur, Whence::SeekEnd][rng.usize(..3)];
            let (name, _) = ended("seek", unistd::lseek(file.as_raw_fd(), far, whence));
            (name, None)
        }
        _ => {
            let mut fds = [PollFd::new(file.as_fd(), PollFlags::all())];
            let (name, _) = ended("poll", poll(&mut fds, PollTimeout::ZERO));
            (name, None)
        }
    };
    if let Some(length) = read {
        if let Some(address) = kernel_address(&buffer[..length]) {
            bail!("an address of the kernel was read: {address}");
        }
    }
    Ok(name)
}

/// Returns the first number in a text that could be a kernel address, in hexadecimal or decimal.
fn kernel_address(text: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(text);
    let mut words = text.split(|c: char| !c.is_ascii_hexdigit());
    words
        .find(|word| {
            let hexadecimal = word.len() == 16 && word.to_ascii_lowercase().starts_with("ffff");
            hexadecimal
                || word
                    .parse::<u64>()
                    .is_ok_and(|number| number >= 0xffff_8000_0000_0000)
        })
        .map(str::to_owned)
}

/// Loads a module with random values of some parameters.
fn load(rng: &mut Rng, module: &PathBuf, names: &[String]) -> Result<Vec<String>> {
    let mut parameters = Vec::new();
    for _ in 0..rng.usize(0..4) {
        let name = &names[rng.usize(..names.len())];
        let value = match rng.usize(..6) {
            0 => rng.u32(0..70_000).to_string(),
            1 => rng.i64(..).to_string(),
            2 => ["", "0", "1", "Y", "n", "0x10", "-1", "4294967296", "65537"][rng.usize(..9)]
                .to_owned(),
            3 => String::from_utf8_lossy(&text(rng)).replace('\0', ""),
            _ => rng.u32(1..4097).to_string(),
        };
        parameters.push(format!("{name}={value}"));
    }
    let text = CString::new(parameters.join(" ")).context("a zero in the parameters")?;
    let (name, loaded) = ended(
        "load",
        finit_module(&File::open(module)?, &text, ModuleInitFlags::empty()),
    );
    if loaded.is_some() {
        delete_module(c"tsoffset", DeleteModuleFlags::O_NONBLOCK)?;
    }
    ensure!(
        !PathBuf::from("/proc/tsoffset").exists(),
        "/proc/tsoffset is there after {text:?}"
    );
    Ok(vec![name])
}

fn errno(error: &io::Error) -> Errno {
    Errno::from_raw(error.raw_os_error().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::kernel_address;

    #[test]
    fn addresses_are_found() {
        for text in [
            "x ffff888003c15780 y",
            "a=0xFFFFffff81000000,",
            "18446744071579820032\n",
        ] {
            assert!(kernel_address(text.as_bytes()).is_some(), "{text}");
        }
        for text in [
            "4294967295",
            "ffff",
            "2001:db8::ffff:1",
            "0x00000000ffffffff",
            "1700000000000000000",
        ] {
            assert!(kernel_address(text.as_bytes()).is_none(), "{text}");
        }
    }
}
