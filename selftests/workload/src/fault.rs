// SPDX-License-Identifier: GPL-2.0

//! Every memory allocation of a system call fails once: fault injection by `/proc/thread-self/fail-nth`.
//!
//! Documentation/fault-injection/fault-injection.rst: a number N written there lets the Nth allocation of this thread
//! fail; what is read afterwards is how many were left until then, so 0 means that it has failed.

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
    /// Begin with this allocation
    #[arg(long, global = true, default_value_t = 1)]
    from: u32,
    /// Fail none, and count them
    #[arg(long, global = true)]
    count: bool,
    /// It is a mistake where the call takes more of them
    #[arg(long, global = true, default_value_t = 20_000)]
    most: u32,
}

#[derive(Subcommand)]
enum What {
    /// Loading a module, which is unloaded again where it succeeds all the same
    Load {
        module: PathBuf,
        /// Its parameters
        parameters: Vec<String>,
    },
    /// Opening a file, and reading it once from its beginning, without waiting
    Open { file: PathBuf },
    /// Writing a text to a file
    Write { file: PathBuf, text: String },
    /// A network namespace that comes up
    Namespace,
}

const FAIL_NTH: &str = "/proc/thread-self/fail-nth";

/// More than any call takes.
const NONE: u32 = 1_000_000;

pub fn run(options: &Options) -> Result<()> {
    if options.count {
        // It may fail for a reason of its own.
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
            // The kernel had another way.
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

/// Makes the call with its Nth allocation failing; says how many were left until it would have been that one's turn: 0
/// where it has failed.
fn with_fault(nth: u32, what: &What) -> Result<(io::Result<()>, u32)> {
    // In a thread of its own, which a network namespace goes with.
    thread::scope(|scope| {
        let thread = scope.spawn(|| {
            // Open before, and nothing is allocated here in between.
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

/// Unloads what was loaded, and sees to it that a load that failed has left nothing.
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
