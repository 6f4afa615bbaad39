// SPDX-License-Identifier: GPL-2.0

//! A page that is absent until it is provided. Any access waits, including the kernel's.

use std::{ffi::c_void, io::Error, ptr::null_mut, slice};

use anyhow::{bail, Result};
use nix::poll::{poll, PollFd, PollFlags, PollTimeout};
use userfaultfd::{Event, Uffd, UffdBuilder};

const SIZE: usize = 4096;

/// An absent page.
pub struct AbsentPage {
    at: *mut c_void,
    faults: Uffd,
}

#[expect(unsafe_code, reason = "the page is shared with whoever waits for it")]
// SAFETY: Only the kernel writes the page, when it is provided.
unsafe impl Sync for AbsentPage {}

impl AbsentPage {
    pub fn new() -> Result<Self> {
        // userfaultfd must report the kernel's faults, too.
        let faults = UffdBuilder::new()
            .close_on_exec(true)
            .user_mode_only(false)
            .create()?;
        #[expect(
            unsafe_code,
            reason = "a mapping whose contents are not there cannot be a safe type"
        )]
        // SAFETY: mmap() makes a new mapping.
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

    /// Returns the page's address.
    pub fn as_ptr(&self) -> *mut c_void {
        self.at
    }

    /// Returns the page's contents for a system call. Reading them waits.
    pub fn bytes(&self) -> &[u8] {
        #[expect(unsafe_code, reason = "the mapping is ours")]
        // SAFETY: The mapping has this size and lives as long as `self`.
        unsafe {
            slice::from_raw_parts(self.at.cast(), SIZE)
        }
    }

    /// Waits until a thread waits for the page.
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

    /// Provides the page, full of zeroes, and wakes all waiting threads.
    pub fn provide(&self) -> Result<()> {
        #[expect(unsafe_code, reason = "the kernel fills a page")]
        // SAFETY: The mapping belongs to `self`. No waiting access has read the page yet.
        unsafe {
            self.faults.zeropage(self.at, SIZE, true)?
        };
        Ok(())
    }
}

impl Drop for AbsentPage {
    fn drop(&mut self) {
        #[expect(unsafe_code, reason = "the mapping is ours")]
        // SAFETY: No reference to the page is left.
        unsafe {
            libc::munmap(self.at, SIZE)
        };
    }
}
