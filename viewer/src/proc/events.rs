// SPDX-License-Identifier: GPL-2.0

//! The module's stream of events, from the oldest record on. Reading never waits.

use std::{
    fs::{File, OpenOptions},
    io::{self, ErrorKind, Read, Seek, SeekFrom},
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
};

use crate::model::{event::Event, failures::Failures};

use super::Files;

/// Bytes that one call of `read` takes at most: the screen must not wait for a host that records faster than this reader reads.
const AT_ONCE: usize = 8 << 20;

/// Whether events can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// The reader has the events.
    Open,
    /// The file cannot be read, for this reason. The next reading tries again.
    Closed(String),
    /// The user does not want events, or may not read the file.
    Never(String),
}

/// A reader of events.
pub struct Events {
    path: PathBuf,
    file: Option<File>,
    pub state: State,
    /// The namespace whose events count; `None` for all.
    namespace: Option<u64>,
    /// The begin of an incomplete line.
    rest: Vec<u8>,
    /// Lines about records.
    pub read: u64,
    /// Records that were overwritten before this reader came to them.
    pub lost: u64,
    /// Lines that are no JSON objects.
    pub malformed: u64,
}

impl Events {
    /// Makes a reader; `wanted` is false with `--no-events`.
    pub fn new(files: &Files, wanted: bool) -> Self {
        let (namespace, state) = match files.namespace() {
            _ if !wanted => (None, State::Never("not read: --no-events".into())),
            Ok(namespace) => (namespace, State::Closed("not read yet".into())),
            Err(error) => (None, State::Never(format!("not read: {error:#}"))),
        };
        Self {
            path: files.events_path(),
            file: None,
            state,
            namespace,
            rest: Vec::new(),
            read: 0,
            lost: 0,
            malformed: 0,
        }
    }

    /// Reads the new events.
    pub fn read(&mut self, failures: &mut Failures) {
        if matches!(self.state, State::Never(_)) {
            return;
        }
        if let Err(error) = self.take(failures) {
            self.file = None;
            self.rest.clear();
            self.state = self.meaning(&error);
        }
    }

    fn take(&mut self, failures: &mut Failures) -> io::Result<()> {
        if self.file.is_none() {
            let mut file = OpenOptions::new()
                .read(true)
                .custom_flags(libc::O_NONBLOCK)
                .open(&self.path)?;
            // A new reader of the module's file begins with the next record. A pipe cannot seek.
            match file.seek(SeekFrom::Start(0)) {
                Err(error) if error.raw_os_error() != Some(libc::ESPIPE) => return Err(error),
                _ => self.file = Some(file),
            }
        }
        let mut buffer = [0; 1 << 16];
        let mut taken = 0;
        while let (Some(file), true) = (&mut self.file, taken < AT_ONCE) {
            match file.read(&mut buffer) {
                Ok(0) => break,
                Ok(length) => {
                    taken += length;
                    self.lines(&buffer[..length], failures);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => (),
                Err(error) => return Err(error),
            }
        }
        self.state = State::Open;
        Ok(())
    }

    fn lines(&mut self, bytes: &[u8], failures: &mut Failures) {
        self.rest.extend_from_slice(bytes);
        let rest = std::mem::take(&mut self.rest);
        let end = rest
            .iter()
            .rposition(|&byte| byte == b'\n')
            .map_or(0, |end| end + 1);
        for line in rest[..end]
            .split(|&byte| byte == b'\n')
            .filter(|line| !line.is_empty())
        {
            self.line(line, failures);
        }
        self.rest = rest[end..].to_vec();
    }

    fn line(&mut self, line: &[u8], failures: &mut Failures) {
        let Some(event) = Event::parse(line) else {
            self.malformed += 1;
            return;
        };
        if let Some(count) = event.lost() {
            self.lost += count;
            return;
        }
        self.read += 1;
        if self.namespace.is_none() || event.number("netns") == self.namespace {
            failures.push(event);
        }
    }

    fn meaning(&self, error: &io::Error) -> State {
        let name = self.path.display();
        match (error.kind(), error.raw_os_error()) {
            (ErrorKind::PermissionDenied, _) => State::Never(format!(
                "{name} needs CAP_NET_ADMIN in the initial user namespace"
            )),
            (ErrorKind::NotFound, _) => State::Closed(format!("there is no {name}")),
            (_, Some(libc::ENODATA)) => {
                State::Closed("the module keeps no records: it is loaded with records=0".into())
            }
            (_, Some(libc::ENODEV)) => {
                State::Closed("the module is being loaded or unloaded".into())
            }
            _ => State::Closed(format!("{name}: {error}")),
        }
    }

    /// Returns why there are no events; `None` if they are read.
    pub fn trouble(&self) -> Option<&str> {
        match &self.state {
            State::Open => None,
            State::Closed(reason) | State::Never(reason) => Some(reason),
        }
    }
}

#[cfg(test)]
#[path = "events_tests.rs"]
mod tests;
