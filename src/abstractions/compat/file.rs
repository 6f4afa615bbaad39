// SPDX-License-Identifier: GPL-2.0

//! The flags of an open file. For 6.12, whose crate lacks them.
//!
//! C header: [`include/linux/fs.h`](srctree/include/linux/fs.h)

use crate::bindings;

/// Returns the flags of `open()`, with `O_NONBLOCK` as `fcntl()` has set it since. Any context.
///
/// # Safety
///
/// The file is open during the call, a system call of the current thread on that file.
pub(crate) unsafe fn flags(file: *const bindings::file) -> u32 {
    #[cfg(kernel_has_file_flags)]
    // SAFETY: The caller guarantees an open file. An `fdget_pos()` without `f_pos_lock` is that of the current call, on
    // this thread.
    unsafe {
        kernel::fs::LocalFile::from_raw_file(file.cast()).flags()
    }
    #[cfg(not(kernel_has_file_flags))]
    // SAFETY: The caller guarantees an open file. The flags are a word that may change at any time.
    unsafe {
        (&raw const (*file).f_flags).read_volatile()
    }
}
