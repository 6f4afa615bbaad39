// SPDX-License-Identifier: GPL-2.0

//! Lets every memory allocation of a system call fail once, by fault injection in `/proc/thread-self/fail-nth`.
//!
//! A number N in this file makes the Nth allocation of the thread fail. Later, the file has the number of
//! allocations left until the failure, so 0 means that the allocation failed
//! (Documentation/fault-injection/fault-injection.rst).

use std::{
    collections::BTreeMap,
    ffi::CString,
    fs::{self, File, OpenOptions},
    io::{
        self,
        Seek, //
    },
    os::{
        fd::AsRawFd,
        unix::fs::OpenOptionsExt, //
    },
    path::{Path, PathBuf},
    thread,
};

use anyhow::{bail, ensure, Context, Result};
use clap::{Args, Subcommand};
use nix::{
    errno::Errno,
    kmod::{delete_module, finit_module, DeleteModuleFlags, ModuleInitFlags},
    sched::{unshare, CloneFlags},
    sys::uio::{pread, pwrite},
    unistd,
};

#[derive(Args)]
pub struct Options {
    #[command(subcommand)]
    what: What,
    /// Start with this allocation
    #[arg(long, global = true, default_value_t = 1)]
    from: u32,
    /// Count the allocations without a failure
    #[arg(long, global = true)]
    count: bool,
    /// Fail if the call makes more allocations
    #[arg(long, global = true, default_value_t = 20_000)]
    most: u32,
}

#[derive(Subcommand)]
enum What {
    /// Load a module, and unload it if the load succeeds in spite of the failure
    Load {
        module: PathBuf,
        /// Parameters of the module
        parameters: Vec<String>,
    },
    /// Open a file, and read it once from its beginning without waiting
    Open { file: PathBuf },
    /// Write a text to a file
    Write { file: PathBuf, text: String },
    /// Make a network namespace
    Namespace,
}

const FAIL_NTH: &str = "/proc/thread-self/fail-nth";

/// More allocations than any call makes.
const NONE: u32 = 1_000_000;

pub fn run(options: &Options) -> Result<()> {
    if options.count {
        // The call may fail for another reason.
        let (_, left) = with_fault(NONE, &options.what)?;
        clean(&options.what)?;
        println!("allocations {}", NONE - left);
        return Ok(());
    }
    let mut outcomes = BTreeMap::<String, u32>::new();
    let mut nth = options.from;
    loop {
        ensure!(
            nth <= options.most,
            "more than {} allocations",
            options.most
        );
        let (result, left) = with_fault(nth, &options.what)?;
        let outcome = match result {
            Ok(()) if left > 0 => break,
            // The kernel continued without the allocation.
            Ok(()) => "none".to_owned(),
            Err(error) if left == 0 => {
                format!("{:?}", Errno::from_raw(error.raw_os_error().unwrap_or(0)))
            }
            Err(error) => bail!("without a failing allocation: {error}"),
        };
        *outcomes.entry(outcome).or_default() += 1;
        clean(&options.what).with_context(|| format!("after allocation {nth} had failed"))?;
        nth += 1;
    }
    clean(&options.what)?;
    for (outcome, times) in &outcomes {
        println!("{outcome} {times}");
    }
    println!("allocations {}", nth - options.from);
    Ok(())
}

/// Makes the call with its Nth allocation failing. Also returns the number of allocations left until the failure,
/// which is 0 if the allocation failed.
fn with_fault(nth: u32, what: &What) -> Result<(io::Result<()>, u32)> {
    // A new thread makes the call, so that a network namespace ends with the thread.
    thread::scope(|scope| {
        let thread = scope.spawn(|| {
            // Allocations of the test itself come before the write of the number.
            let text = nth.to_string();
            let file = OpenOptions::new()
                .read(true)
                .write(true)
                .open(FAIL_NTH)
                .context(FAIL_NTH)?;
            pwrite(&file, text.as_bytes(), 0)?;
            let result = call(what);
            let mut left = [0_u8; 16];
            let read = pread(&file, &mut left, 0);
            pwrite(&file, b"0", 0)?;
            let left = std::str::from_utf8(&left[..read?])?.trim().parse()?;
            Ok((result, left))
        });
        thread.join().expect("a thread panicked")
    })
}

fn call(what: &What) -> io::Result<()> {
    match what {
        What::Load { module, parameters } => load(module, parameters),
        What::Open { file } => {
            let mut buffer = [0_u8; 4096];
            let mut file = OpenOptions::new()
                .read(true)
                .custom_flags(libc::O_NONBLOCK)
                .open(file)?;
            file.rewind()?;
            unistd::read(file.as_raw_fd(), &mut buffer)?;
            Ok(())
        }
        What::Write { file, text } => {
            let file = OpenOptions::new().write(true).open(file)?;
            unistd::write(&file, text.as_bytes())?;
            Ok(())
        }
        What::Namespace => Ok(unshare(CloneFlags::CLONE_NEWNET)?),
    }
}

fn load(module: &Path, parameters: &[String]) -> io::Result<()> {
    let file = File::open(module)?;
    let parameters = CString::new(parameters.join(" "))?;
    finit_module(&file, &parameters, ModuleInitFlags::empty())?;
    Ok(())
}

/// Unloads the module if the load succeeded. Fails if a failed load left files or probes.
fn clean(what: &What) -> Result<()> {
    let What::Load { module, .. } = what else {
        return Ok(());
    };
    let name = module
        .file_stem()
        .and_then(|name| name.to_str())
        .context("no name")?;
    let name = name.split('-').next().unwrap_or(name);
    if Path::new("/sys/module").join(name).exists() {
        let name = CString::new(name)?;
        delete_module(&name, DeleteModuleFlags::O_NONBLOCK)?;
    }
    ensure!(
        !Path::new("/proc/tsoffset").exists(),
        "/proc/tsoffset is there"
    );
    ensure!(
        !Path::new("/proc/net/tsoffset").exists(),
        "/proc/net/tsoffset is there"
    );
    let probes = fs::read_to_string("/sys/kernel/debug/kprobes/list")?;
    ensure!(
        !probes.contains("tcp_v6_connect"),
        "a probe is there:\n{probes}"
    );
    Ok(())
}
