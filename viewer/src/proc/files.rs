// SPDX-License-Identifier: GPL-2.0

//! The paths of the module's files, and the meaning of their errors.

use std::{
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use anyhow::{anyhow, Context, Error, Result};

use crate::{model::stats::Stats, options::Options};

/// The files that one run reads.
pub struct Files {
    proc: PathBuf,
    netns: Option<Option<u32>>,
}

impl Files {
    /// Returns the files that the user has chosen.
    pub fn new(options: &Options) -> Self {
        Self {
            proc: options.proc.clone(),
            netns: options.netns,
        }
    }

    /// Returns the directory of the process whose namespace is shown.
    fn process(&self, pid: Option<u32>) -> PathBuf {
        self.proc
            .join(pid.map_or("self".into(), |pid| pid.to_string()))
    }

    fn stats_path(&self) -> PathBuf {
        match self.netns {
            None => self.proc.join("tsoffset/stats"),
            Some(None) => self.proc.join("net/tsoffset"),
            Some(pid) => self.process(pid).join("net/tsoffset"),
        }
    }

    /// Returns the path of the file of events.
    pub fn events_path(&self) -> PathBuf {
        self.proc.join("tsoffset/events")
    }

    /// Reads the counts.
    pub fn stats(&self) -> Result<Stats> {
        let path = self.stats_path();
        let text = fs::read(&path).map_err(|error| self.meaning(&path, &error))?;
        let text = String::from_utf8_lossy(&text);
        Stats::parse(&text).with_context(|| path.display().to_string())
    }

    fn meaning(&self, path: &Path, error: &io::Error) -> Error {
        let name = path.display();
        match (error.kind(), error.raw_os_error()) {
            (ErrorKind::NotFound, _) => match self.netns {
                Some(Some(pid)) if !self.process(Some(pid)).exists() => {
                    anyhow!("there is no process {pid}")
                }
                _ => anyhow!("there is no {name}: the module is not loaded (modprobe tsoffset)"),
            },
            (ErrorKind::PermissionDenied, _) if self.netns.is_some() => {
                anyhow!("{name}: permission denied: with private=1, only root of the network namespace reads it")
            }
            (ErrorKind::PermissionDenied, _) => {
                anyhow!("{name}: permission denied: the module is loaded with private=1, and only root reads it")
            }
            (_, Some(libc::ENODEV)) => anyhow!("{name}: the module is being loaded or unloaded"),
            _ => anyhow!("{name}: {error}"),
        }
    }

    /// Returns the inode number of the network namespace that is shown; `None` for the whole host.
    pub fn namespace(&self) -> Result<Option<u64>> {
        let Some(pid) = self.netns else {
            return Ok(None);
        };
        let path = self.process(pid).join("ns/net");
        let link = fs::read_link(&path).with_context(|| path.display().to_string())?;
        let name = link.to_string_lossy();
        let number = name
            .strip_prefix("net:[")
            .and_then(|name| name.strip_suffix(']'));
        let number = number.and_then(|number| number.parse().ok());
        Ok(Some(number.with_context(|| {
            format!("{}: {name} is no namespace", path.display())
        })?))
    }

    /// Returns the seconds since boot, on the clock of the records.
    pub fn uptime(&self) -> Option<f64> {
        let text = fs::read_to_string(self.proc.join("uptime")).ok()?;
        text.split(' ').next()?.parse().ok()
    }

    /// Returns the filter of records; `None` without one, or if this user cannot read it.
    pub fn filter(&self) -> Option<String> {
        let text = fs::read_to_string(self.proc.join("tsoffset/filter")).ok()?;
        let text = text.trim();
        (!text.is_empty() && text != "clear").then(|| text.into())
    }

    /// Returns a name for the host or the namespace that is shown.
    pub fn scope(&self) -> String {
        match self.netns {
            None => "host".into(),
            Some(None) => "own namespace".into(),
            Some(Some(pid)) => format!("namespace of process {pid}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn files_in(proc: &str, arguments: &[&str]) -> Files {
        Files::new(&Options::parse_from(
            [&["tsoffset-top", "--proc", proc], arguments].concat(),
        ))
    }

    fn files(arguments: &[&str]) -> Files {
        files_in(
            concat!(env!("CARGO_MANIFEST_DIR"), "/tests/proc"),
            arguments,
        )
    }

    #[test]
    fn a_namespace_has_its_own_counts() {
        assert_eq!(files(&[]).stats().unwrap().number("connects_called"), 738);
        assert_eq!(
            files(&["--netns"])
                .stats()
                .unwrap()
                .number("connects_called"),
            670
        );
        assert_eq!(files(&[]).namespace().unwrap(), None);
        assert_eq!(files(&["--netns"]).namespace().unwrap(), Some(4026531833));
    }

    #[test]
    fn missing_files_have_a_reason() {
        let said = |proc, arguments: &[&str]| {
            format!("{:#}", files_in(proc, arguments).stats().unwrap_err())
        };
        assert_eq!(
            said("/none", &[]),
            "there is no /none/tsoffset/stats: the module is not loaded (modprobe tsoffset)"
        );
        assert_eq!(said("/none", &["--netns=7"]), "there is no process 7");
    }

    #[test]
    fn errors_have_a_meaning() {
        let meaning = |arguments: &[&str], errno| {
            format!(
                "{:#}",
                files(arguments).meaning(Path::new("F"), &io::Error::from_raw_os_error(errno))
            )
        };
        assert!(meaning(&[], libc::EACCES).contains("private=1, and only root"));
        assert!(meaning(&["--netns"], libc::EACCES).contains("root of the network namespace"));
        assert_eq!(
            meaning(&[], libc::ENODEV),
            "F: the module is being loaded or unloaded"
        );
        assert_eq!(
            meaning(&[], libc::EIO),
            "F: Input/output error (os error 5)"
        );
    }
}
