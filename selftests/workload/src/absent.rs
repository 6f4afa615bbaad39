// SPDX-License-Identifier: GPL-2.0

//! A page that is not there until somebody provides it: whoever touches it, the kernel included, waits.

use std::{ffi::c_void, io::Error, ptr::null_mut, slice};

use anyhow::{bail, Result};
use nix::poll::{poll, PollFd, PollFlags, PollTimeout};
use userfaultfd::{Event, Uffd, UffdBuilder};

const SIZE: usize = 4096;

/// The page.
pub struct AbsentPage {
    at: *mut c_void,
    faults: Uffd,
}

#[expect(unsafe_code, reason = "the page is shared with whoever waits for it")]
// SAFETY: The page is written by the kernel only, when it is provided.
unsafe impl Sync for AbsentPage {}

impl AbsentPage {
    pub fn new() -> Result<Self> {
        // A fault of the kernel, too, has to come to us.
        let faults = UffdBuilder::new()
            .close_on_exec(true)
            .user_mode_only(false)
            .create()?;
        #[expect(
            unsafe_code,
            reason = "a mapping whose contents are not there cannot be a safe type"
        )]
        // SAFETY: It makes a mapping of its own.
        let at = unsafe {
            libc::mmap(
                null_mut(),
                SIZE,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        if at == libc::MAP_FAILED {
            bail!(Error::last_os_error());
        }
        faults.register(at, SIZE)?;
        Ok(Self { at, faults })
    }

    /// Where it is.
    pub fn as_ptr(&self) -> *mut c_void {
        self.at
    }

    /// Its contents, for a system call: to look at them is to wait.
    pub fn bytes(&self) -> &[u8] {
        #[expect(unsafe_code, reason = "the mapping is ours")]
        // SAFETY: The mapping is as large and lives as long as this.
        unsafe {
            slice::from_raw_parts(self.at.cast(), SIZE)
        }
    }

    /// Waits until somebody waits for it.
    pub fn wait_for_fault(&self) -> Result<()> {
        use std::os::fd::AsFd;

        let mut fds = [PollFd::new(self.faults.as_fd(), PollFlags::POLLIN)];
        if poll(&mut fds, PollTimeout::from(20_000_u16))? == 0 {
            bail!("nobody touched the page within 20 s");
        }
        match self.faults.read_event()? {
            Some(Event::Pagefault { .. }) => Ok(()),
            _ => bail!("no fault"),
        }
    }

    /// Provides it, full of zeroes, and wakes whoever waits.
    pub fn provide(&self) -> Result<()> {
        #[expect(unsafe_code, reason = "the kernel fills a page")]
        // SAFETY: It is ours; what waits for the page has not seen any of it.
        unsafe {
            self.faults.zeropage(self.at, SIZE, true)?
        };
        Ok(())
    }
}

impl Drop for AbsentPage {
    fn drop(&mut self) {
        #[expect(unsafe_code, reason = "the mapping is ours")]
        // SAFETY: Nobody has a reference any more.
        unsafe {
            libc::munmap(self.at, SIZE)
        };
    }
}
