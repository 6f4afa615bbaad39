// SPDX-License-Identifier: GPL-2.0

//! Files in /proc/net: each network namespace has its own.
//!
//! C headers: [`include/linux/proc_fs.h`](srctree/include/linux/proc_fs.h),
//! [`include/linux/seq_file_net.h`](srctree/include/linux/seq_file_net.h)

use core::ptr::{
    from_ref,
    NonNull, //
};

use super::{
    compat::{
        prelude::*,
        seq_file::SeqFile, //
    },
    fault,
    net::Net, //
};
use crate::bindings;

/// The contents of a file, written anew for every reader.
pub(crate) trait ShowNet: Sync + Send {
    /// The file's name.
    const NAME: &'static CStr;

    /// Its permissions, such as `0o444`.
    const MODE: u16;

    /// Writes what there is to say of the namespace whose file it is. Process context; may sleep. Called
    /// again with a larger buffer if it did not fit.
    fn show(&self, net: Net<'_>, out: &SeqFile) -> Result;
}

/// A file in one namespace's /proc/net. An open one holds its namespace.
///
/// Dropping it waits for its readers' calls to end and closes it under those who have it open.
///
/// # Invariants
///
/// The pointer is a live entry that this owns, with `contents` as its private data.
pub(crate) struct NetFile<T> {
    entry: NonNull<bindings::proc_dir_entry>,
    // Behind `entry`: used until the entry is removed.
    _contents: KBox<T>,
}

// SAFETY: /proc's own locks protect its entries, and the contents are `Send`.
unsafe impl<T: Send> Send for NetFile<T> {}
// SAFETY: A shared reference gives access to nothing.
unsafe impl<T> Sync for NetFile<T> {}

impl<T: ShowNet> NetFile<T> {
    /// Makes the file. Readers may come at once. May sleep.
    ///
    /// Fails with `ENOMEM`, which may mean that the name is taken.
    pub(crate) fn new(net: Net<'_>, contents: KBox<T>) -> Result<Self> {
        fault::point()?;
        // SAFETY: The namespace and its directory are live; `contents` stays where it is, in its own
        // allocation, until `drop` has removed the entry.
        let entry = unsafe {
            bindings::proc_create_net_single(
                T::NAME.as_char_ptr(),
                T::MODE,
                (*net.as_ptr()).proc_net.cast(),
                Some(show::<T>),
                from_ref::<T>(&contents).cast_mut().cast(),
            )
        };
        // INVARIANT: The entry was just made, for us.
        Ok(Self {
            entry: NonNull::new(entry).ok_or(ENOMEM)?,
            _contents: contents,
        })
    }
}

impl<T> Drop for NetFile<T> {
    fn drop(&mut self) {
        // SAFETY: The entry is ours. This waits for calls in progress, and none begins after it.
        unsafe { bindings::proc_remove(self.entry.as_ptr()) }
    }
}

/// # Safety
///
/// Called by the kernel only, for a file made by `NetFile::<T>::new`.
unsafe extern "C" fn show<T: ShowNet>(seq: *mut bindings::seq_file, _: *mut c_void) -> c_int {
    // SAFETY: The entry's data is a `T`, which lives until the entry is removed, which waits for us.
    let contents = unsafe { &*bindings::tsoffset_pde_data((*(*seq).file).f_inode).cast::<T>() };
    // SAFETY: The open file holds its namespace.
    let net = unsafe { Net::from_raw(bindings::tsoffset_seq_file_single_net(seq)) };
    // SAFETY: The kernel calls this with the seq_file's lock held.
    let out = unsafe { SeqFile::from_raw(seq) };

    match contents.show(net, out) {
        Ok(()) => 0,
        Err(error) => error.to_errno(),
    }
}
