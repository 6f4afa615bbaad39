// SPDX-License-Identifier: GPL-2.0

//! Follows a file that grows, by each way of waiting, and prints its lines.

use std::{
    fs::{File, OpenOptions},
    io::{ErrorKind, Read, Seek, SeekFrom, Write},
    os::{fd::AsFd, unix::fs::OpenOptionsExt},
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{bail, ensure, Result};
use clap::{Args, ValueEnum};
use nix::{
    poll::{poll, PollFd, PollFlags, PollTimeout},
    sys::{
        epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout},
        select::{select, FdSet},
        time::TimeVal,
    },
};

#[derive(Args)]
pub struct Options {
    /// File to follow
    path: PathBuf,
    /// Number of lines to wait for
    #[arg(long)]
    lines: usize,
    /// How to wait
    #[arg(long, value_enum, default_value_t = How::Read)]
    how: How,
    /// Start with the oldest available line
    #[arg(long)]
    oldest: bool,
    /// Size of a read in bytes
    #[arg(long, default_value_t = 65536)]
    size: usize,
    /// Fail after this many seconds without a line
    #[arg(long, default_value_t = 20)]
    seconds: u64,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum How {
    /// Wait in read()
    Read,
    /// Wait in poll(), and read without waiting
    Poll,
    /// Wait in select(), and read without waiting
    Select,
    /// Wait in epoll_wait(), and read without waiting
    Epoll,
}

pub fn run(options: &Options) -> Result<()> {
    let mut open = OpenOptions::new();
    open.read(true);
    if options.how != How::Read {
        open.custom_flags(libc::O_NONBLOCK);
    }
    let mut file = open.open(&options.path)?;
    if options.oldest {
        // The file can seek to its begin and its end only.
        for place in [SeekFrom::Start(5), SeekFrom::Current(0), SeekFrom::End(-1)] {
            ensure!(file.seek(place).is_err(), "went to {place:?}");
        }
        file.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(0))?;
    } else if options.how != How::Read {
        // There is no event yet, so a nonblocking read must fail at once.
        match file.read(&mut [0; 1]) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => (),
            other => bail!("reading without waiting: {other:?}"),
        }
    }
    eprintln!("ready");

    let mut out = std::io::stdout().lock();
    let mut buffer = vec![0; options.size];
    let mut lines = 0;
    while lines < options.lines {
        if options.how != How::Read {
            wait(&file, options)?;
        }
        let read = match file.read(&mut buffer) {
            Ok(0) => bail!("the file ended"),
            Ok(read) => &buffer[..read],
            // The wait reported data, but there is none.
            Err(error) if error.kind() == ErrorKind::WouldBlock => bail!("nothing to read"),
            Err(error) => return Err(error.into()),
        };
        lines += read.iter().filter(|&&byte| byte == b'\n').count();
        out.write_all(read)?;
        out.flush()?;
    }
    Ok(())
}

/// Waits until the file can be read.
fn wait(file: &File, options: &Options) -> Result<()> {
    let begin = Instant::now();
    let milliseconds = u16::try_from(options.seconds * 1000)?;
    let ready = match options.how {
        How::Read => return Ok(()),
        How::Poll => {
            let mut fds = [PollFd::new(file.as_fd(), PollFlags::POLLIN)];
            poll(&mut fds, PollTimeout::from(milliseconds))? == 1
        }
        How::Select => {
            let mut fds = FdSet::new();
            fds.insert(file.as_fd());
            let mut time = TimeVal::new(options.seconds.try_into()?, 0);
            select(None, &mut fds, None, None, &mut time)? == 1
        }
        How::Epoll => {
            let epoll = Epoll::new(EpollCreateFlags::empty())?;
            epoll.add(file, EpollEvent::new(EpollFlags::EPOLLIN, 0))?;
            epoll.wait(&mut [EpollEvent::empty()], EpollTimeout::from(milliseconds))? == 1
        }
    };
    ensure!(ready, "nothing came within {:?}", begin.elapsed());
    ensure!(
        begin.elapsed() < Duration::from_secs(options.seconds),
        "it came too late"
    );
    Ok(())
}
